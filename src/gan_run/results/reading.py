"""Reads what metrics found back from a run folder, by the metrics that are installed now."""

import warnings
from collections.abc import Iterable
from typing import NamedTuple

from gan_run.core.base.errors import SpecError
from gan_run.core.kinds.component import Catalogue
from gan_run.core.kinds.metric import Metric
from gan_run.core.run.metric_summary import Result
from gan_run.core.run.run_folder import RecordedResult
from gan_run.registry.missing import LenientCatalogue, Missing
from gan_run.registry.spec_loading import read_component


class ReadResults(NamedTuple):
    """Results of metrics, as far as the metrics are installed."""

    results: list[Result]
    left_out: list[str]
    """Why a result cannot be read, one message for each metric."""


def read_results(recorded: Iterable[RecordedResult], catalogue: Catalogue) -> ReadResults:
    """Read results. A metric says which of its numbers are headlines and what their direction is, so that the results
    of one that is not installed are left out."""
    read = ReadResults([], [])
    for metric, found in recorded:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # former names of fields: gan-run wrote them
                known = read_component(Metric, metric, LenientCatalogue(catalogue), "metric")  # type: ignore[type-abstract]  # a kind
        except SpecError as error:
            reason = "; ".join(map(str, error.problems))
            read.left_out.append(f"the metric {metric.get('type')} has other fields here: {reason}")
            continue
        if isinstance(known, Missing):
            read.left_out.append(known.reason)
        else:
            read.results.append(Result(known, found))
    return read

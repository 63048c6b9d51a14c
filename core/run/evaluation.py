"""Measures metrics and renders artifacts, each with a random stream of its own."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from gan_run.core.base.errors import PluginError
from gan_run.core.base.files import without_nan
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.metric import Measurement, Metric
from gan_run.core.kinds.model import Model


def measure(model: Callable[[], Model], data: Splits, metric: Metric, seed: int) -> Measurement:
    """Measure a metric: the same, whichever others are measured.

    Args:
        model: Returns the model.
        data: The splits of the data.
        metric: The metric.
        seed: The seed of the run.

    Returns:
        What it found; a number that is not finite is None.

    Raises:
        PluginError: It did not find numbers by name, as JSON has them.
    """
    with isolated_rng(seed, "metric", metric.name()):
        found: object = metric.measure(model(), data)
    if not isinstance(found, Mapping):
        raise PluginError(
            f"the metric {metric.name()} measures a {type(found).__name__}, not a mapping of numbers by name"
        )
    finite = without_nan(found)
    try:
        json.dumps(finite, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PluginError(f"what the metric {metric.name()} measures is no JSON: {error}") from None
    assert isinstance(finite, dict)
    return finite


def with_fields(metric: Metric, found: Measurement) -> dict[str, object]:
    """What a metric found, with its fields, as JSON."""
    return {"metric": metric.model_dump(mode="json"), "found": found}


def render(
    model: Callable[[], Model], data: Splits, folder: Path, artifact: Artifact, step: int, seed: int
) -> list[Path]:
    """Render an artifact. Latents are the same at every step, whichever others are rendered, so that pictures compare.

    Args:
        model: Returns the model.
        data: The splits of the data.
        folder: The run folder.
        artifact: The artifact.
        step: The number of steps taken.
        seed: The seed of the run.

    Returns:
        The files.

    Raises:
        PluginError: It did not return the paths of files that are there.
    """
    named: object = artifact.folder
    if not isinstance(named, str) or not (folder / named).resolve().is_relative_to(folder.resolve()):
        raise PluginError(f"the artifact {artifact.name()} has the folder {named!r}, which is none in the run folder")
    target = folder / named
    target.mkdir(parents=True, exist_ok=True)
    with isolated_rng(seed, "artifact", artifact.name()):
        files: object = artifact.render(model(), data, target / f"step-{step:08d}")
    paths = list(files) if isinstance(files, (list, tuple)) else None
    if paths is None or not all(isinstance(path, Path) and path.is_file() for path in paths):
        shown = repr(files)
        raise PluginError(f"the artifact {artifact.name()} returns {shown[:80]}, not a list of the files that it wrote")
    return paths

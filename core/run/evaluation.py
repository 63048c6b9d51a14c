"""Measures metrics and renders artifacts, each with a random stream of its own."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from gan_run.core.base.files import without_nan
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.metric import Measurement, Metric
from gan_run.core.kinds.model import Model


def measure(model: Model, data: Splits, metrics: Iterable[Metric], seed: int) -> Iterator[Measurement]:
    """Measure every metric. Yields, in order, what each found: the same, whichever others are measured."""
    for metric in metrics:
        with isolated_rng(seed, "metric", metric.name()):
            found = without_nan(metric.measure(model, data))
        assert isinstance(found, dict)
        yield found


def with_fields(metric: Metric, found: Measurement) -> dict[str, object]:
    """What a metric found, with its fields, as JSON."""
    return {"metric": metric.model_dump(mode="json"), "found": found}


def render_artifacts(
    model: Model, data: Splits, folder: Path, artifacts: Iterable[Artifact], step: int, seed: int
) -> Iterator[list[Path]]:
    """Render every artifact. Yields, in order, the files of each. Latents are the same at every step, whichever others
    are rendered, so that pictures compare."""
    for artifact in artifacts:
        target = folder / artifact.folder
        target.mkdir(parents=True, exist_ok=True)
        with isolated_rng(seed, "artifact", artifact.name()):
            files = artifact.render(model, data, target / f"step-{step:08d}")
        yield files

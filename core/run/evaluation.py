"""Measures metrics and renders artifacts, each with a random stream of its own."""

from collections.abc import Iterable
from pathlib import Path

from gan_run.core.base.files import without_nan
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.metric import Metric
from gan_run.core.kinds.model import Model


def measure(model: Model, data: Splits, metrics: Iterable[Metric], seed: int) -> list[dict[str, object]]:
    """Measure every metric. Returns, in order, the fields of each and what it found."""
    found: list[dict[str, object]] = []
    for index, metric in enumerate(metrics):
        with isolated_rng(seed, "metric", index):
            found.append({"metric": metric.model_dump(mode="json"), "found": without_nan(metric.measure(model, data))})
    return found


def render_artifacts(
    model: Model, data: Splits, folder: Path, artifacts: Iterable[Artifact], step: int, seed: int
) -> list[Path]:
    """Render every artifact and return the files. Latents are the same at every step, so that pictures compare."""
    written: list[Path] = []
    for index, artifact in enumerate(artifacts):
        target = folder / artifact.folder
        target.mkdir(parents=True, exist_ok=True)
        with isolated_rng(seed, "artifact", index):
            written.extend(artifact.render(model, data, target / f"step-{step:08d}"))
    return written

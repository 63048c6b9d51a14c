"""Writes a run as a published model: what inference needs, what was measured, and a model card."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from gan_run.core.base.files import to_json
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.base.sealed_json import SEAL
from gan_run.core.images.grid import image_grid, save_png, why_not_shown
from gan_run.core.kinds.model import Model
from gan_run.core.run import checkpoint
from gan_run.core.run.best import FILE as BEST_FILE
from gan_run.core.run.best import read as read_best
from gan_run.core.run.options import Plugins
from gan_run.core.run.run_folder import RunFolder
from gan_run.core.run.traversal import Traversals
from gan_run.hub.card import Card
from gan_run.hub.portable import portable, shorten_paths
from gan_run.loading import LoadedRun, recorded_spec
from gan_run.results.reading import read_results

SAMPLES = 64


def write_published(
    loaded: LoadedRun, registry: Plugins, target: Path, repo: str | None = None, licence: str | None = None
) -> list[Path]:
    """Write the files of a published model.

    Callbacks are left out, as they may name accounts and servers, and say nothing of the model.

    Args:
        loaded: The run, with the checkpoint to publish.
        registry: The installed plugins.
        target: An empty folder.
        repo: What the model card's code loads, as in "user/repo"; None for no card.
        licence: The licence that the card states, as the hub names it: "apache-2.0"; None to state none.

    Returns:
        The files, relative to `target`.
    """
    run, published = loaded.folder, RunFolder(target)
    spec = recorded_spec(run, registry)
    results = read_results(run.measured_at(loaded.step), registry.catalogue).results
    saved = next(saved for saved in checkpoint.complete(run.checkpoints) if saved.step == loaded.step)
    checkpoint.publish(saved, published.checkpoints)
    best = read_best(run.checkpoints)
    if best is not None and best.step == loaded.step:
        _write(published.checkpoints / BEST_FILE, best._asdict())
    _write(published.spec_file, {**portable(spec), "callbacks": []})
    for file, copy in ((run.data_file, published.data_file), (run.labels_file, published.labels_file)):
        if file.exists():
            copy.write_bytes(file.read_bytes())
    environment = _without_digests(_read(run.environment_file))
    _write(published.environment_file, environment)
    measured = [{"metric": portable(metric), "found": shorten_paths(found)} for metric, found in results]
    early = {"ended_early": True} if run.ended_early() and loaded.step == run.evaluated_at() else {}
    _write(published.evaluation_file, {"step": loaded.step, **early, "metrics": measured})
    _write_log(run.logged(), published.metrics_file, loaded.step)
    _write_log(run.alarms(), published.alarms_file, loaded.step)
    pictures = _draw(loaded.model, target / "pictures")
    if repo is not None:
        card = Card(loaded, spec, results, environment, repo, licence, [file.relative_to(target) for file in pictures])
        (target / "README.md").write_text(card.text(), encoding="utf-8")
    return sorted(file.relative_to(target) for file in target.rglob("*") if file.is_file())


def _draw(model: Model, folder: Path) -> list[Path]:
    """Samples and a strip per code; none of images that are no pictures."""
    if why_not_shown(model.image) is not None:
        return []
    folder.mkdir()
    samples = folder / "samples.png"
    images = model.sample(SAMPLES, seed=0)
    save_png(image_grid(images, math.isqrt(SAMPLES)), samples)
    with isolated_rng("publish"):
        return [samples, *Traversals(rows=3).render(model, folder / "code")]


def _read(file: Path) -> Mapping[str, object]:
    """A JSON file of the run without the paths of this machine, and without its digest; nothing where there is none."""
    content = shorten_paths(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
    assert isinstance(content, dict)
    return {name: value for name, value in content.items() if name != SEAL}


def _without_digests(environment: Mapping[str, object]) -> Mapping[str, object]:
    """Without the digests of the run's files, which are published without callbacks and paths."""
    stretches = environment.get("stretches")
    if not isinstance(stretches, list):
        return environment
    return {"stretches": [{name: value for name, value in each.items() if name != "files"} for each in stretches]}


def _write(file: Path, content: Mapping[str, object]) -> None:
    file.write_text(to_json(content), encoding="utf-8")


def _write_log(lines: Iterable[dict[str, object]], file: Path, step: int) -> None:
    kept = [line for line in lines if isinstance(taken := line["step"], int) and taken <= step]
    if kept:
        file.write_text("".join(json.dumps(shorten_paths(line)) + "\n" for line in kept), encoding="utf-8")

"""A run that measures a metric on the way ends with the bytes of one that does not: for every metric that ships."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch

from gan_run import Column, DataInfo, DataSource, ImageSet, ImageShape, RunOptions, SpecError, load_plugins, train
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry

Small = Callable[..., dict[str, Any]]
TINY = {
    "fitted": 40,
    "scored": 20,
    "votes": 20,
    "samples": 40,
    "images": 60,
    "trees": 2,
    "batch": 4,
    "code": "category",
}
"""Fields of metrics, where they have them, by which they are measured within a second."""


class Lattice(DataSource):
    """Images with a bright pixel, whose place two columns tell; the class is their parity."""

    type: Literal["lattice"] = "lattice"

    def describe(self) -> DataInfo:
        places = tuple(map(str, range(8)))
        columns = {"label": ("even", "odd"), "x": places, "y": places}
        kinds = {name: Column("categorical", values) for name, values in columns.items()}
        return DataInfo(ImageShape(1, 8, 8), {"train": 64, "test": 64}, kinds)

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        x, y = torch.arange(64) % 8, torch.arange(64) // 8
        pixels = torch.eye(64, dtype=torch.uint8).view(64, 1, 8, 8) * 255
        return ImageSet(pixels, {"label": (x + y) % 2, "x": x, "y": y})


@pytest.fixture(scope="module")
def options(registry: Registry) -> RunOptions:
    return RunOptions(notify=lambda text: None, registry=registry, components=[Lattice])


def spec(small: Small, **fields: object) -> dict[str, Any]:
    latents = {"z": {"type": "gaussian"}, "category": {"type": "categorical", "classes": 3}}
    latents |= {"c": {"type": "uniform"}, "d": {"type": "uniform"}}
    information = {"type": "mutual-information", "codes": {"category": 1.0, "c": 1.0, "d": 1.0}}
    losses = [{"type": "non-saturating"}, information]
    return small(data={"type": "lattice"}, latents=latents, losses=losses, train={"steps": 4}, **fields)


def ends(run: Path) -> dict[str, bytes]:
    latest = RunFolder(run).latest()
    assert latest is not None
    return {name: (latest.folder / name).read_bytes() for name in ("model.safetensors", "optimizer.safetensors")}


@pytest.fixture(scope="module")
def unmeasured(small: Small, options: RunOptions, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return ends(train(spec(small), tmp_path_factory.mktemp("without"), options=options))


@pytest.mark.parametrize("name", load_plugins().catalogue.names("metric"))
def test_measuring_a_metric_changes_no_byte(
    name: str, small: Small, options: RunOptions, unmeasured: dict[str, bytes], registry: Registry, tmp_path: Path
) -> None:
    known = registry.catalogue.find("metric", name).model_fields
    metric = {"type": name, "every": 1, **{field: value for field, value in TINY.items() if field in known}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what metrics say of four steps on 64 images
        try:
            run = train(spec(small, metrics=[metric]), tmp_path, options=options)
        except SpecError as error:
            pytest.skip(f"it does not fit a tiny run: {error}")
    assert (run / "metrics.jsonl").read_text(encoding="utf-8").count('"found"') == 3
    assert ends(run) == unmeasured

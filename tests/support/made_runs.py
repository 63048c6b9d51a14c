"""Run folders written by hand, as if they had been trained."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from gan_run import DataInfo, Headline, ImageShape, Measurement, Metric, Model, Splits, read_spec
from gan_run.core.kinds.spec import dump
from gan_run.core.run import data_description
from gan_run.core.run.run_folder import RunFolder
from gan_run.registry.plugins import Registry

INFO = DataInfo(ImageShape(1, 8, 8), {"train": 48, "test": 16})


class Distance(Metric):
    """A number that is better when it is lower, in a unit."""

    headlines = (Headline("distance", better="lower", unit="pixels", form=".2f"), Headline("share", form=".1%"))
    type: Literal["distance"] = "distance"
    split: str = "test"

    def measure(self, model: Model, data: Splits) -> Measurement:
        raise AssertionError("these runs were measured before")


def entry(found: Measurement, **fields: object) -> dict[str, Any]:
    """What `Distance` found, as a run records it."""
    return {"metric": {"type": "distance", "every": None, "split": "test", **fields}, "found": found}


def made_run(
    path: Path,
    registry: Registry,
    spec: Mapping[str, object],
    metrics: Sequence[Mapping[str, object]] | None = (),
    lines: Sequence[Mapping[str, object]] = (),
    info: DataInfo = INFO,
    step: int | None = None,
) -> Path:
    """Write a run folder: with what its metrics found after its last step (None: it is unfinished), and its log."""
    path.mkdir(parents=True)
    folder = RunFolder(path)
    read = read_spec({**spec, "name": path.name}, registry=registry)
    folder.write_data(data_description.dump(info, None))
    folder.write_spec(dump(read))
    folder.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    if metrics is not None:
        folder.write_evaluation({"step": read.train.steps if step is None else step, "metrics": list(metrics)})
    return path


def without_digests(run: Path) -> None:
    """Make a run one of a version that kept no digests of its files: they may be edited."""
    stretches = json.loads((run / "environment.json").read_text(encoding="utf-8"))["stretches"]
    for stretch in stretches:
        del stretch["files"]
    (run / "environment.json").write_text(json.dumps({"stretches": stretches}), encoding="utf-8")

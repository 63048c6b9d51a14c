"""The event files of `tensorboard`, read back as TensorBoard reads them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata, plugin_data_pb2

from gan_run import RunOptions, Stopped, resume, train

Small = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def run(
    small: Small,
    options: Callable[..., RunOptions],
    evaluated: dict[str, object],
    forget_last: Callable[[Path], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A run that was killed after step 3, and taken up again at step 2."""
    spec = small(train={"steps": 4}, callbacks=[{"type": "tensorboard"}], **evaluated)
    out = tmp_path_factory.mktemp("runs")
    with pytest.raises(Stopped):
        train(spec, out, options=options(stop=3))
    forget_last(out / "small")
    return train(spec, out, options=options())


@pytest.fixture(scope="module")
def events(run: Path) -> EventAccumulator:
    """Its event files."""
    return EventAccumulator(str(run / "tensorboard")).Reload()


def test_it_has_the_numbers_of_the_log_once_each(events: EventAccumulator, run: Path) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    names = [name for name in lines[0] if name not in ("step", "time", "crc32")]
    assert len(names) > 6
    for name in names:
        expected = [(line["step"], pytest.approx(line[name], rel=1e-6)) for line in lines if name in line]
        assert [(point.step, point.value) for point in events.Scalars(name)] == expected
    assert [point.step for point in events.Scalars("loudness/mean")] == [2, 4]
    assert [point.step for point in events.Scalars("cluster-accuracy/test/accuracy")] == [4]


def test_it_has_the_pictures_of_artifacts_and_what_alarms_said(
    events: EventAccumulator, run: Path, tmp_path: Path
) -> None:
    points = events.Images("samples")
    assert [point.step for point in points] == [2, 4]
    (tmp_path / "read.png").write_bytes(points[-1].encoded_image_string)
    with Image.open(tmp_path / "read.png") as read, Image.open(run / "samples/step-00000004.png") as drawn:
        assert np.array_equal(np.asarray(read.convert("RGB")), np.asarray(drawn.convert("RGB")))
    assert [point.step for point in events.Images("traversals/c")] == [4]
    (alarm,) = events.Tensors("alarms/dark/text_summary")
    assert (alarm.step, alarm.tensor_proto.string_val[0]) == (2, b"it is dark")
    assert events.Tensors("group/text_summary")[0].tensor_proto.string_val[0] == b"small"


def test_it_has_the_spec_as_hyperparameters(events: EventAccumulator) -> None:
    content = events.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    found = data.session_start_info.hparams
    assert found["losses[1].codes.category"].number_value == 1.0
    assert found["data.type"].string_value == "toys"
    assert "name" not in found


def test_a_folder_that_cannot_be_written_costs_one_warning(
    small: Small, options: Callable[..., RunOptions], tmp_path: Path
) -> None:
    run = train(small(train={"steps": 2}), tmp_path, options=options())
    (run / "tensorboard").touch()
    with pytest.warns(UserWarning, match="the callback tensorboard failed in run_started: .*; the run goes on") as seen:
        resume(run, overrides=["train.steps=4", 'callbacks=[{"type": "tensorboard"}]'], options=options())
    assert len(seen) == 1
    assert json.loads((run / "evaluation.json").read_text())["step"] == 4


def test_of_several_processes_the_main_one_writes(
    write_spec: Callable[..., Path], forked: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    spec = write_spec(train={"steps": 2}, callbacks=[{"type": "tensorboard"}])
    done = forked(spec, processes=2)
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "runs/small/tensorboard").iterdir()
    points = EventAccumulator(str(file)).Reload().Scalars("generator/non-saturating")
    assert [point.step for point in points] == [1, 2]

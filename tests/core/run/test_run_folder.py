import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gan_run import Column, DataInfo, ImageShape, PixelCodec, RunError
from gan_run.core.run import checkpoint
from gan_run.core.run.data_description import dump
from gan_run.core.run.run_folder import RecordedResult, RunFolder

INFO = DataInfo(ImageShape(1, 8, 8), {"train": 48, "test": 16}, {"label": Column("categorical", ("even", "odd"))})
POSE = {"azimuth": Column("angle"), "model": Column("categorical"), "text": Column("continuous", shape=(7,))}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "run").mkdir()
    return RunFolder(tmp_path / "run")


def lines(folder: RunFolder) -> list[object]:
    lines = [json.loads(line) for line in folder.metrics_file.read_text().splitlines()]
    return [{name: value for name, value in line.items() if name != "crc32"} for line in lines]


def test_a_metrics_line_is_readable_at_once(folder: RunFolder) -> None:
    folder.append_metrics({"step": 1, "loss": 0.5})
    folder.append_metrics({"step": 2, "loss": 0.25})
    assert lines(folder) == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]


def test_a_number_that_is_not_finite_is_null_in_the_metrics(folder: RunFolder) -> None:
    folder.append_metrics({"step": 1, "loss": float("nan"), "found": [{"r2": float("-inf"), "n": 3}]})
    assert lines(folder) == [{"step": 1, "loss": None, "found": [{"r2": None, "n": 3}]}]


def test_metrics_are_cut_back_to_a_step(folder: RunFolder) -> None:
    for step in (1, 2, 3, 4):
        folder.append_metrics({"step": step})
    folder.cut_logs(2)
    assert lines(folder) == [{"step": 1}, {"step": 2}]
    folder.append_metrics({"step": 3})
    assert lines(folder) == [{"step": 1}, {"step": 2}, {"step": 3}]


def test_a_line_that_a_kill_cut_short_is_dropped_wherever_it_was_cut(folder: RunFolder) -> None:
    whole = '{"step": 3, "a": {"b": 1}}\n'
    for length in range(1, len(whole) - 1):
        folder.metrics_file.write_text('{"step": 1}\n{"step": 2}\n' + whole[:length])
        folder.cut_logs(3)
        assert lines(folder) == [{"step": 1}, {"step": 2}]
    # A line that lacks no more than its end is whole, and gets it.
    folder.metrics_file.write_text(whole[:-1])
    folder.cut_logs(3)
    assert folder.metrics_file.read_text() == whole


@pytest.mark.parametrize(
    "damaged", ['{"step": 2, "a": 0.', '{"a": 1}', '{"step": "2"}', "[2]", "", "\0\0\0", '{"step": 2}{"step": 2}']
)
def test_a_damaged_line_in_the_middle_is_named_and_nothing_is_cut(folder: RunFolder, damaged: str) -> None:
    content = f'{{"step": 1}}\n{damaged}\n{{"step": 3}}\n{{"step": 4}}\n'
    for file, read in ((folder.metrics_file, folder.logged), (folder.alarms_file, folder.alarms)):
        file.write_text(content)
        with pytest.raises(RunError, match=rf"{file.name}, line 2 is damaged: put the file back, or remove the line"):
            list(read())
        with pytest.raises(RunError, match="line 2 is damaged"):
            folder.cut_logs(3)
        assert file.read_text() == content
        file.unlink()


def test_bytes_that_are_no_text_are_a_damaged_line(folder: RunFolder) -> None:
    folder.metrics_file.write_bytes(b'{"step": 1}\n{"step": 2, "a\xff": 1}\n{"step": 3}\n')
    with pytest.raises(RunError, match="line 2 is damaged"):
        list(folder.logged())


def test_cutting_where_there_are_no_metrics_does_nothing(folder: RunFolder) -> None:
    folder.cut_logs(0)
    assert not folder.metrics_file.exists()


def test_a_folder_is_locked_against_another_process(folder: RunFolder) -> None:
    code = (
        "import sys; from pathlib import Path; from gan_run.core.run.run_folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked():\n    print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, folder.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(RunError, match="another process is training in this folder"), folder.locked():
            pytest.fail("locked twice")
        # The lock goes with the process, however it ends.
        other.kill()
        other.wait()
        with folder.locked():
            pass


def test_a_lock_makes_the_folder_and_is_given_back(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "a" / "b")
    for _ in range(2):
        with folder.locked():
            assert folder.path.is_dir()
        assert not (tmp_path / "a").exists()
    with folder.locked():
        (tmp_path / "a" / "c").mkdir()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["c"]


def test_a_folder_is_free_until_a_spec_is_in_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert folder.is_free()
    with folder.locked():
        assert folder.is_free()
    assert not folder.path.exists()
    with folder.locked():
        folder.add_environment({"from_step": 0})
        folder.write_data(dump(INFO, None))
    assert folder.is_free()
    folder.write_spec({})
    assert not folder.is_free()


def test_a_folder_of_something_else_is_not_free(folder: RunFolder) -> None:
    (folder.path / "notes.txt").write_text("mine")
    assert not folder.is_free()
    assert not RunFolder(folder.path / "notes.txt").is_free()


def test_a_run_is_evaluated_once_its_evaluation_is_written(folder: RunFolder) -> None:
    assert folder.evaluated_at() is None
    folder.write_evaluation({"step": 12, "metrics": []})
    assert folder.evaluated_at() == 12


def test_the_latest_checkpoint_is_found_by_looking(folder: RunFolder) -> None:
    assert folder.latest() is None
    for step in (2, 4):
        checkpoint.save(folder.checkpoints, step, {"a": torch.zeros(1)}, {})
    latest = folder.latest()
    assert latest is not None
    assert latest.step == 4
    (folder.checkpoints / "notes").mkdir()
    (folder.checkpoints / "step-5").mkdir()
    (folder.checkpoints / ".step-00000006.tmp").mkdir()
    assert folder.latest() == latest


def test_a_checkpoint_without_a_manifest_is_damaged_and_not_passed_over(folder: RunFolder) -> None:
    for step in (2, 4):
        checkpoint.save(folder.checkpoints, step, {"a": torch.zeros(1)}, {})
    (folder.checkpoints / "step-00000004" / "manifest.json").unlink()
    latest = folder.latest()
    assert latest is not None
    assert latest.step == 4
    with pytest.raises(RunError, match=r"step-00000004/manifest\.json is damaged .*: move .* away to go back to the"):
        checkpoint.load(latest)


def test_the_data_is_noted_and_read_back(folder: RunFolder) -> None:
    for info in (INFO, DataInfo(ImageShape(3, 4), {"train": 1, "test": 0}, POSE, PixelCodec("float32", 0.0, 1.5))):
        folder.write_data(dump(info, {"images": "1", "columns": "2"}))
        assert folder.data_info() == info


def test_the_data_of_a_version_before_columns_is_read_back(folder: RunFolder) -> None:
    former = {
        "image": {"channels": 1, "height": 8, "width": 8},
        "sizes": {"train": 48, "test": 16},
        "class_names": ["even", "odd"],
        "factors": [{"name": "azimuth", "kind": "angle"}],
    }
    folder.data_file.write_text(json.dumps(former))
    assert folder.data_info() == DataInfo(INFO.image, INFO.sizes, {**INFO.columns, "azimuth": Column("angle")})


@pytest.mark.parametrize(
    "other",
    [
        DataInfo(ImageShape(3, 8, 8), INFO.sizes, {"label": Column("categorical", INFO.class_names)}),
        DataInfo(INFO.image, {"train": 47, "test": 16}, {"label": Column("categorical", INFO.class_names)}),
        DataInfo(INFO.image, INFO.sizes, {}),
        DataInfo(INFO.image, INFO.sizes, {**INFO.columns, **POSE}),
    ],
)
def test_other_data_than_at_the_beginning_is_refused(folder: RunFolder, other: DataInfo) -> None:
    folder.write_data(dump(INFO, None))
    folder.write_spec({})
    folder.check_data(dump(INFO, None))
    with pytest.raises(RunError, match="the data is not what it was when this run began: "):
        folder.check_data(dump(other, None))


def test_each_stretch_of_training_is_noted(folder: RunFolder) -> None:
    folder.add_environment({"from_step": 7})
    folder.add_environment({"from_step": 0})  # the one before never began
    folder.write_spec({})
    folder.add_environment({"from_step": 4})
    written = json.loads(folder.environment_file.read_text())
    del written["sha256"]
    assert written == {"stretches": [{"from_step": 0}, {"from_step": 4}]}


def test_a_folder_without_a_spec_is_no_run_folder(folder: RunFolder) -> None:
    with pytest.raises(RunError, match=r"is no run folder: it has no spec\.json"):
        folder.spec()


@pytest.mark.parametrize("content", [b'{"name": ', b"\xff\xfe", b"[]"])
def test_a_damaged_file_is_named(folder: RunFolder, content: bytes) -> None:
    reads: list[tuple[str, Callable[[], object]]] = [
        ("spec.json", folder.spec),
        ("data.json", folder.data_info),
        ("evaluation.json", folder.evaluated_at),
    ]
    for name, read in reads:
        (folder.path / name).write_bytes(content)
        with pytest.raises(RunError, match=name):
            read()


def test_what_was_measured_later_with_other_metrics_comes_after_what_the_run_measured(folder: RunFolder) -> None:
    own = {"metric": {"type": "score", "split": "test"}, "found": {"accuracy": 0.5}}
    later = {"metric": {"type": "score", "split": "validation"}, "found": {"accuracy": 0.6}}
    folder.write_evaluation({"step": 4, "metrics": [own]})
    assert folder.measured() == [RecordedResult(own["metric"], own["found"])]
    # The same metric again, perhaps on other data, is not what the run measured.
    folder.add_evaluation(4, [{**own, "found": {"accuracy": 0.9}}, later])
    folder.add_evaluation(2, [{"metric": {"type": "early"}, "found": {}}])
    assert folder.measured() == [RecordedResult(each["metric"], each["found"]) for each in (own, later)]


def test_what_an_unfinished_run_measured_cannot_be_read(folder: RunFolder) -> None:
    with pytest.raises(RunError, match=r"no evaluation\.json"):
        folder.measured()
    folder.evaluation_file.write_text("{}")
    with pytest.raises(RunError, match="no list of metrics"):
        folder.measured()


def test_logged_lines_are_read_up_to_one_that_was_cut_short(folder: RunFolder) -> None:
    assert list(folder.logged()) == []
    folder.metrics_file.write_text('{"step": 1, "a": 2.0}\n{"step": 2, "a"')
    assert list(folder.logged()) == [{"step": 1, "a": 2.0}]

"""How a run ends: its pictures, its report and what to do next."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from click.testing import Result

from gan_run import RunOptions, train
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]
Forked = Callable[..., CompletedProcess[str]]
Write = Callable[..., Path]
ARTIFACTS = [{"type": "samples", "rows": 1}, {"type": "traversal", "rows": 1}]


def after_done(output: str) -> list[str]:
    lines = output.splitlines()
    return lines[lines.index("done: runs/small") + 1 :]


def test_a_run_ends_with_its_pictures_its_report_and_three_commands(
    here: Here, write_spec: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_run.explorer.serving.serve", lambda *arguments, **more: None)
    done = here(write_spec(artifacts=ARTIFACTS))
    assert done.exit_code == 0, done.output
    assert after_done(done.output) == [
        "  report    runs/small/report.html",
        "  pictures  runs/small/samples/step-00000006.png",
        "            runs/small/traversals/step-00000006-*.png",
        "next:",
        "  gan-run explore runs/small                      # turn its codes on a page",
        "  gan-run traverse runs/small --out strips        # a picture of each code",
        "  gan-run encode runs/small test --sheets sheets  # real images by their codes",
    ]
    for line in done.output.splitlines():
        if line.startswith("  gan-run"):
            assert here(*line.partition("#")[0].split()[1:]).exit_code == 0


def test_a_run_without_codes_is_not_asked_to_turn_them(here: Here, write_spec: Write, tmp_path: Path) -> None:
    done = here(write_spec(losses=[{"type": "non-saturating"}], train={"steps": 1}))
    commands = [line.split()[1] for line in after_done(done.output) if line.startswith("  gan-run")]
    assert commands == ["sample", "sample", "export"]
    assert (tmp_path / "runs/small/report.html").exists()


def test_alarms_that_ring_are_said_at_the_end(here: Here, write_spec: Write) -> None:
    alarm = {"type": "code-alarm", "every": 1, "least": 1.0, "after": 0, "share": 0, "patience": 1}
    done = here(write_spec(callbacks=[alarm]))
    said = [line for line in after_done(done.output) if line.startswith("  ALARM     ")]
    assert [line.split()[1] for line in said] == ["category", "c"]


def test_several_runs_end_with_a_line_each(here: Here, write_spec: Write, tmp_path: Path) -> None:
    done = here(write_spec(train={"steps": 1}), "--seeds", "2", "--jobs", "1")
    ends = [line for line in done.output.splitlines() if line.startswith("done: ")]
    assert ends == ["done: runs/small-seed-3", "done: runs/small-seed-4"]
    assert "next:" not in done.output
    assert len(list(tmp_path.glob("runs/*/report.html"))) == 2


def test_a_report_that_cannot_be_written_costs_a_warning(
    here: Here, forked: Forked, write_spec: Write, tmp_path: Path
) -> None:
    spec = write_spec(train={"steps": 2})
    assert here("train", spec, "--set", "train.steps=1").exit_code == 0
    (tmp_path / "runs/small/report.html").unlink()
    (tmp_path / "runs/small/report.html").mkdir()
    done = forked("train", "--resume", "runs/small", "--set", "train.steps=2")
    assert done.returncode == 0, done.stderr
    assert "warning: the report failed in run_ended" in done.stderr
    assert "runs/small/report.html is a folder" in done.stderr
    assert after_done(done.stdout)[0] == "next:"
    assert (tmp_path / "runs/small/evaluation.json").exists()


def test_a_report_that_fails_is_tried_once_by_each_command(
    write_spec: Write, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gan_run.report.page.write_report", full)
    spec, options = write_spec(train={"steps": 1}), RunOptions(registry=registry)
    for words in ("the report failed in run_ended", "the report of .* cannot be written"):
        with pytest.warns(UserWarning, match=words) as warned:
            train(spec, tmp_path / "runs", options=options)
        assert len([each for each in warned if "the report" in str(each.message)]) == 1


def test_a_report_whose_writing_was_interrupted_is_written_by_the_same_command(
    write_spec: Write, here: Here, tmp_path: Path
) -> None:
    spec = write_spec(train={"steps": 1}, seed=3)
    assert here(spec, "--seeds", "1", "--jobs", "1").exit_code == 0
    report = tmp_path / "runs/small-seed-3/report.html"
    left_over = report.rename(report.with_name(".report.html.tmp"))
    done = here(spec, "--seeds", "1", "--jobs", "1")
    assert "is finished: nothing to do" in done.stdout
    assert report.exists()
    assert not left_over.exists()
    report.unlink()
    assert here("train", "--resume", report.parent).exit_code == 0
    assert report.exists()

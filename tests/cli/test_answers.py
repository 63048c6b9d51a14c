"""Answers in place of silence, and in plain words: hints, misspelt files, data of one class."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

Here = Callable[..., Result]
WriteSpec = Callable[..., Path]
PLAIN: dict[str, Any] = {
    "latents": {"z": {"type": "gaussian", "count": 4}, "y": {"type": "uniform"}},
    "losses": [{"type": "non-saturating"}],
}


def test_a_run_without_codes_and_metrics_says_so(here: Here, write_spec: WriteSpec) -> None:
    assert here(write_spec(train={"steps": 1}, **PLAIN)).exit_code == 0
    done = here("traverse", "runs/small")
    assert (done.exit_code, done.stderr) == (
        2,
        "error: runs/small has no codes: --code names a latent to traverse, such as z\n",
    )
    assert here("traverse", "runs/small", "--code", "y").exit_code == 0
    done = here("evaluate", "runs/small")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: runs/small has no metrics: --set 'metrics=[")


def test_images_of_one_class_are_not_called_images_without_labels(
    here: Here, write_spec: WriteSpec, tmp_path: Path
) -> None:
    images = np.zeros((40, 8, 8), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.zeros(40, int))
    data = {"type": "array", "path": "a.npz", "labels": "labels"}
    latents = {"z": {"type": "gaussian"}, "y": {"type": "label"}}
    spec = write_spec(data=data, latents=latents, losses=[{"type": "hinge"}])
    assert "latents.y.column: all images are of one class, '0': leave this latent out" in here("check", spec).stderr


@pytest.mark.parametrize("command", [["check"], ["train"], []])
def test_what_is_no_file_of_a_spec_is_answered(here: Here, tmp_path: Path, command: list[str]) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "a.json").symlink_to(tmp_path / "a.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("pipe.json", "a.json", "folder.json", f"{'x' * 300}.json"):
        done = here(*command, name)
        assert done.exit_code == 2, name
        assert isinstance(done.exception, SystemExit)


def test_a_spec_that_extends_what_is_no_file_is_answered(here: Here, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    for base in ("pipe.json", "loop.json", f"{'x' * 300}.json", "a\0.json"):
        (tmp_path / "mine.json").write_text(json.dumps({"extends": base}), encoding="utf-8")
        done = here("check", "mine.json")
        assert done.exit_code == 2
        assert done.stderr.startswith("error: mine.json: 1 problem\n  extends: ")


def test_check_prints_warnings_and_succeeds(here: Here, write_spec: WriteSpec) -> None:
    done = here("check", write_spec(losses=[{"type": "mutual-information", "codes": {"c": 1}}]))
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: no loss compares generated images with real ones: the discriminator's")
    shown = here("check", "small.json", "--json")
    assert len(json.loads(shown.stdout)["warnings"]) == 1

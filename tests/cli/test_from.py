"""`gan-run train --from RUN SPEC`: a new run that begins with the weights and the optimizers of another one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result
from safetensors.torch import load_file

from gan_run import Run
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]
Small = Callable[..., dict[str, Any]]
WriteSpec = Callable[..., Path]
STILL = [f"--set=optimizers.{player}.lr=0" for player in ("generator", "discriminator")]


def tensors(run: Path, step: int) -> dict[str, torch.Tensor]:
    folder = run / f"checkpoints/step-{step:08d}"
    return {**load_file(folder / "model.safetensors"), **load_file(folder / "optimizer.safetensors")}


@pytest.fixture
def source(here: Here, write_spec: WriteSpec, tmp_path: Path) -> Path:
    done = here(write_spec(name="source"))
    assert done.exit_code == 0, done.output
    return tmp_path / "runs/source"


def test_everything_is_taken_and_said(
    here: Here, source: Path, write_spec: WriteSpec, tmp_path: Path, registry: Registry
) -> None:
    spec = write_spec(name="next", seed=9, train={"steps": 1, "batch_size": 4})
    done = here("train", "--from", "runs/source", spec, *STILL)
    assert done.exit_code == 0, done.output
    for part in ("generator", "discriminator", "loss mutual-information", "EMA", "optimizer of generator"):
        assert f"  {part}: all of " in done.output, done.output
    before, after = tensors(source, 6), tensors(tmp_path / "runs/next", 1)
    steps = {name for name in before if name.endswith("/step")}
    assert steps
    for name in steps:  # Adam's own counter, by which it corrects its moments
        assert after[name] == before[name] + 1
    for name, moment in before.items():
        if name.endswith("exp_avg_sq"):  # decays by 0.999, and gains the square of a gradient
            assert torch.all(after[name] >= 0.999 * moment * (1 - 1e-6)), name
    for name in before:
        if name.endswith(("weight", "bias")) and name.startswith("game."):
            assert torch.equal(after[name], before[name]), name
        if name.startswith(
            "average.module.generator"
        ):  # which is not soon forgotten, though the run is at its first step
            weights = before[name.replace("average.module.", "game.stack.")]
            assert torch.dist(after[name], before[name]) <= 0.6 * torch.dist(weights, before[name]), name
    assert after["average.n_averaged"] == before["average.n_averaged"] + 1

    (ancestor,) = Run(tmp_path / "runs/next", registry=registry).ancestry
    assert (ancestor["run"], ancestor["step"]) == (str(source), 6)
    manifest = json.loads((source / "checkpoints/step-00000006/manifest.json").read_text())
    assert ancestor["sha256"] == manifest["files"]["model.safetensors"]
    assert f"{source} after step 6" in (tmp_path / "runs/next/report.html").read_text()


def test_the_first_step_is_the_one_that_the_run_would_have_taken(
    here: Here, source: Path, write_spec: WriteSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its randomness apart: where both draw alike, a step from a checkpoint is the step after it."""
    from gan_run.core.engine import training

    monkeypatch.setattr(training, "seed_everything", lambda *parts: torch.manual_seed(0))
    monkeypatch.setattr("gan_run.core.images.feed.permutation", lambda count, *parts: torch.arange(count))
    for name in ("a", "b"):
        assert here(write_spec(name=name, train={"steps": 6, "checkpoint_every": 6, "keep": 9})).exit_code == 0
    assert here("train", "--resume", "runs/a", "--set", "train.steps=7").exit_code == 0
    spec = write_spec(name="c", train={"steps": 1})
    # Six batches of 8 are one epoch of the 48 toys: the seventh batch is the first one again.
    assert here("train", "--from", "runs/b", spec).exit_code == 0
    resumed, begun = tensors(tmp_path / "runs/a", 7), tensors(tmp_path / "runs/c", 1)
    assert resumed.keys() == begun.keys()
    for name in resumed:
        assert torch.equal(resumed[name], begun[name]), name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"optimizers": {"generator": {"type": "rmsprop", "lr": 1e-3}}},
            "optimizer of generator: none of 4: not stack",
        ),
        ({"generator": {"type": "mlp", "hidden": [20]}}, "optimizer of generator: 1 of 4, but not stack.generator.0.w"),
        ({"generator": {"type": "mlp", "hidden": [20]}}, "EMA: 2 of 5, but not "),
        ({"losses": [{"type": "hinge"}]}, "optimizer of discriminator: all of 4"),
    ],
    ids=["another optimizer", "a wider network", "its EMA", "other losses"],
)
def test_what_does_not_fit_begins_anew_and_is_named(
    here: Here, source: Path, write_spec: WriteSpec, small: Small, changes: dict[str, Any], said: str
) -> None:
    if "optimizers" in changes:
        changes = {"optimizers": {**small()["optimizers"], **changes["optimizers"]}}
    done = here("train", "--from", "runs/source", write_spec(name="next", train={"steps": 2}, **changes))
    assert done.exit_code == 0, done.output
    assert said in done.output
    again = here("train", "--resume", "runs/next", "--set", "train.steps=3")
    assert again.exit_code == 0, again.output
    assert "taken from" not in again.output


def test_a_checkpoint_is_named_by_its_step_or_as_the_best(
    here: Here, source: Path, write_spec: WriteSpec, registry: Registry
) -> None:
    spec = write_spec(name="next", train={"steps": 1})
    assert here("train", "--from", "runs/source@4", spec).exit_code == 0
    assert Run("runs/next", registry=registry).ancestry[0]["step"] == 4
    done = here("train", "--from", "runs/source@5", write_spec(name="other"))
    assert done.exit_code == 2
    assert "source has no checkpoint at step 5: there are 2, 4, 6" in done.output
    assert not Path("runs/other").exists()
    done = here("train", "--from", "runs/source@best", write_spec(name="other"))
    assert "has no best checkpoint" in done.output
    done = here("train", "--from", "runs/sorce", write_spec(name="other"))
    assert done.exit_code == 2
    assert "did you mean 'runs/source'" in done.output
    done = here("train", "--from", "runs/source@x", write_spec(name="other"))
    assert "'x' is not best, last or a number of steps" in done.output


def test_a_folder_may_have_an_at_sign_and_a_dollar_sign(here: Here, source: Path, write_spec: WriteSpec) -> None:
    source.rename(source.with_name("a@b$c"))
    done = here("train", "--from", "runs/a@b$c@4", write_spec(name="next", train={"steps": 1}))
    assert done.exit_code == 0, done.output
    assert "after step 4:" in done.output


def test_ancestors_have_ancestors(here: Here, source: Path, write_spec: WriteSpec, registry: Registry) -> None:
    for before, name in (("source", "child"), ("child", "grandchild")):
        assert here("train", "--from", f"runs/{before}", write_spec(name=name, train={"steps": 2})).exit_code == 0
    found = [Path(each["run"]).name for each in Run("runs/grandchild", registry=registry).ancestry]
    assert found == ["child", "source"]
    compared = here("compare", "runs/source", "runs/grandchild")
    assert "grandchild was begun from" in compared.output


def test_of_a_published_model_the_weights_are_taken(here: Here, source: Path, write_spec: WriteSpec) -> None:
    assert here("export", "runs/source", "--model", "published").exit_code == 0
    done = here("train", "--from", "published", write_spec(name="next", train={"steps": 1}))
    assert done.exit_code == 0, done.output
    assert "optimizers: new, since that model was published without training state" in done.output
    assert "EMA: all of 5" in done.output


def test_a_damaged_optimizer_file_is_refused_where_it_is_needed_alone(
    here: Here, source: Path, write_spec: WriteSpec
) -> None:
    (source / "checkpoints/step-00000006/optimizer.safetensors").write_bytes(b"damaged")
    spec = write_spec(name="next", train={"steps": 1})
    done = here("train", "--from", "runs/source", spec)
    assert done.exit_code == 2
    assert "optimizer.safetensors is missing or not what was written" in done.output
    done = here("train", spec, "--set", "train.init_from=runs/source")
    assert done.exit_code == 0, done.output


def test_from_needs_a_spec_and_no_resume(here: Here, source: Path) -> None:
    done = here("train", "--from", "runs/source")
    assert done.exit_code == 2
    assert "--from begins a run of a SPEC, such as runs/source/spec.json" in done.output
    assert here("train", "--from", "runs/source", "--resume", "runs/source").exit_code == 2


def test_a_run_may_begin_from_its_own_spec(here: Here, source: Path) -> None:
    shutil.copy(source / "spec.json", "own.json")
    done = here("train", "--from", "runs/source", "own.json", "--set", "train.steps=1")
    assert done.exit_code == 0, done.output
    assert "this one goes to runs/source-2" in done.output

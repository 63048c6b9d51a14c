"""A run that is pushed and pulled gives the same images, and nothing of the machine goes along."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import Result
from safetensors.torch import load

import gan_run
from gan_run import RunError
from gan_run.registry.plugins import Registry
from stand_in_hub import Hub, Repo

Command = Callable[..., Result]
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
"""huggingface_hub's own, about how it sends a file."""


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def test_a_pulled_run_gives_the_same_bytes_and_numbers(
    here: Command, repo: Repo, published: Path, tmp_path: Path
) -> None:
    done(here("pull", "ann/small"))
    pulled = tmp_path / "runs/small"
    for run, out in ((published, "own"), (pulled, "pulled")):
        done(here("sample", run, "--n", "20", "--seed", "5", "--out", f"{out}.npz"))
        done(here("traverse", run, "--out", out))
        done(here("encode", run, "test", "--out", f"{out}.csv"))
    assert Path("own.npz").read_bytes() == Path("pulled.npz").read_bytes()
    assert Path("own.csv").read_bytes() == Path("pulled.csv").read_bytes()
    strips = sorted(Path("own").iterdir())
    assert [strip.read_bytes() for strip in strips] == [(Path("pulled") / strip.name).read_bytes() for strip in strips]
    found = [json.loads(done(here("evaluate", run, "--json")).output) for run in (published, pulled)]
    assert found[0] == found[1]
    assert gan_run.Run(pulled).metrics == gan_run.Run(published).metrics
    done(here("export", pulled, "--weights", "--out", "export"))


def test_a_model_is_loaded_from_the_hub_and_a_local_folder_wins(
    hub: Hub, repo: Repo, published: Path, registry: Registry, here: Command, tmp_path: Path
) -> None:
    expected = gan_run.load(published, registry=registry).sample(3, seed=1)
    assert torch.equal(gan_run.load("ann/small", registry=registry).sample(3, seed=1), expected)
    asked = len(hub.requests)
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann/small").symlink_to(published)
    assert torch.equal(gan_run.load("ann/small", registry=registry).sample(3, seed=1), expected)
    assert len(hub.requests) == asked


def test_what_is_pushed(pushed_files: dict[str, bytes]) -> None:
    files = pushed_files
    assert sorted(files) == [
        "README.md",
        "checkpoints/step-00000004/manifest.json",
        "checkpoints/step-00000004/model.safetensors",
        "data.json",
        "environment.json",
        "evaluation.json",
        "labels.json",
        "metrics.jsonl",
        "pictures/code-c.png",
        "pictures/code-category.png",
        "pictures/samples.png",
        "spec.json",
    ]
    spec = json.loads(files["spec.json"])
    assert spec["callbacks"] == []
    assert load(files["checkpoints/step-00000004/model.safetensors"])
    for name in ("pictures/samples.png", "pictures/code-c.png"):
        assert files[name].startswith(b"\x89PNG")


def test_the_model_card_says_what_the_model_is(pushed_files: dict[str, bytes]) -> None:
    card = pushed_files["README.md"].decode()
    _, front, text = card.split("---\n", 2)
    stated = yaml.safe_load(front)
    assert (stated["license"], stated["library_name"]) == ("apache-2.0", "gan-run")
    assert {"gan-run", "mutual-information"} <= {*stated["tags"]}
    assert "Of noise." in text
    assert "![Samples](pictures/samples.png)" in text
    assert "| c | slant\\|lean | uniform | -1 to 1 |" in text
    assert "| category |  | categorical | 0: even, 1: 1, 2: 2 |" in text
    assert "| test, 16 images |" in text
    assert "48 train, 16 test" in text
    assert 'gan_run.load("ann/small")' in text
    assert "gan-run-toys 1.2" in text


def test_the_checkpoint_that_is_asked_for_has_its_own_numbers(
    push: Command, hub: Hub, repo: Repo, published: Path
) -> None:
    assert "states no licence" in done(push("--checkpoint", "2")).output
    files = hub.files("ann/small")
    evaluation = json.loads(files["evaluation.json"])
    on_the_way = [json.loads(line) for line in (published / "metrics.jsonl").read_text().splitlines()]
    (measured,) = [line["metrics"] for line in on_the_way if line["step"] == 2 and "metrics" in line]
    assert evaluation == {"step": 2, "metrics": measured}
    assert {json.loads(line)["step"] for line in files["metrics.jsonl"].splitlines()} == {1, 2}
    # It has taken the place of what was there before.
    assert [name for name in files if name.endswith("safetensors")] == ["checkpoints/step-00000002/model.safetensors"]


def test_no_training_goes_on_from_a_pulled_run_but_another_begins_with_its_weights(
    here: Command, repo: Repo, write_spec: Callable[..., Path]
) -> None:
    done(here("pull", "ann/small", "--out", "got"))
    for change in ([], ["--set", "train.steps=9"]):
        refused = here("train", "--resume", "got", *change)
        assert refused.exit_code == 2
        assert "is a published model without training state" in refused.output
    done(here(write_spec(train={"steps": 1}, name="more"), "--set", "train.init_from=got"))


def test_a_revision_is_a_branch_of_its_own(push: Command, here: Command, hub: Hub, repo: Repo) -> None:
    done(push("--revision", "early", "--checkpoint", "2"))
    assert "checkpoints/step-00000002/model.safetensors" in hub.files("ann/small", "early")
    assert "checkpoints/step-00000004/model.safetensors" in hub.files("ann/small")
    done(here("pull", "ann/small", "--revision", "early", "--out", "early"))
    assert Path("early/checkpoints/step-00000002").is_dir()
    with pytest.raises(RunError, match="there is no such revision"):
        gan_run.load("ann/small", revision="none")

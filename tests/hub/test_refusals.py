"""What is refused, what never leaves the machine, and what a stranger's repository cannot do."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

import gan_run
from gan_run import RunError, RunOptions, read_spec, train
from gan_run.hub.layout import is_published
from gan_run.hub.portable import portable
from gan_run.registry.plugins import Registry
from stand_in_hub import Hub, Repo

Command = Callable[..., Result]
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
"""huggingface_hub's own, about how it sends a file."""


def test_a_private_repository_is_private_and_a_public_one_is_refused(push: Command, hub: Hub) -> None:
    assert push("--private").exit_code == 0
    assert hub.repos["ann/small"].private
    hub.repos["ann/small"].private = False
    before = hub.files("ann/small")
    refused = push("--private")
    assert refused.exit_code == 2
    assert "ann/small is public: nothing was pushed" in refused.output
    assert hub.files("ann/small") is before


def test_errors_of_the_hub_are_said_in_a_line(
    push: Command, here: Command, hub: Hub, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = here("pull", "ann/none")
    assert (missing.exit_code, "the hub has no such model" in missing.output) == (2, True)
    misspelt = here("push", published, "small")
    assert (misspelt.exit_code, "it is written as user/repo" in misspelt.output) == (2, True)
    monkeypatch.setenv("HF_TOKEN", "hf_nobody")
    refused = push()
    assert (refused.exit_code, "hf auth login" in refused.output) == (2, True)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # as if it were not installed
    absent = here("pull", "ann/small")
    assert "pip install 'gan-run[hub]'" in absent.output
    with pytest.raises(RunError, match=r"ann/small is no folder here, .* pip install 'gan-run\[hub\]'"):
        gan_run.load("ann/small")


def test_what_is_beside_a_folder_is_no_name_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    with pytest.raises(RunError, match=r"there is no folder runs/small"):
        gan_run.load("runs/small")


def test_a_repository_that_is_no_model_is_refused_and_nothing_is_left(
    here: Command, repo: Repo, tmp_path: Path
) -> None:
    repo.commit("main", {name: data for name, data in repo.files("main").items() if name != "spec.json"})
    refused = here("pull", "ann/small")
    assert (refused.exit_code, "is no model of gan-run" in refused.output) == (2, True)
    assert not (tmp_path / "runs").exists()


def test_weights_that_were_changed_are_refused(here: Command, repo: Repo, tmp_path: Path) -> None:
    files = repo.files("main")
    name = "checkpoints/step-00000004/model.safetensors"
    repo.commit("main", {**files, name: files[name][:-1] + b"\0"})
    refused = here("pull", "ann/small")
    assert (refused.exit_code, "is missing or not what was written" in refused.output) == (2, True)
    assert [*(tmp_path / "runs").iterdir()] == []


def test_only_known_files_are_taken_and_none_leads_out_of_the_folder(here: Command, repo: Repo, tmp_path: Path) -> None:
    evil = {
        "plugins/evil.py": b"raise SystemExit",
        "model.pkl": b"pickle",
        "pictures/evil.svg": b"<svg/>",
        "checkpoints/step-00000004/optimizer.safetensors": b"",
        "checkpoints/step-00000004/deep/model.safetensors": b"",
    }
    files = {**repo.files("main"), **evil}
    repo.commit("main", files)
    done = here("pull", "ann/small")
    assert done.exit_code == 0, done.output
    run = tmp_path / "runs/small"
    taken = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert taken == files.keys() - evil.keys()
    for outside in (
        "pictures/../../../../../../escaped.png",
        "checkpoints/step-1/../../../../escaped/model.safetensors",
    ):
        repo.commit("main", {**files, outside: b"x"})
        here("pull", "ann/small", "--out", "other")
    assert [*tmp_path.rglob("escaped*")] == []


@given(
    st.from_regex(r"(pictures|checkpoints/step-00000004)/[./\\a-z]{1,12}(\.png|/model\.safetensors)?", fullmatch=True)
)
def test_a_path_with_steps_up_or_folders_of_its_own_is_no_files(path: str) -> None:
    accepted = is_published(path)
    assert not (accepted and (".." in path or "\\" in path or path.count("/") != 1 + path.startswith("checkpoints")))


@pytest.mark.parametrize("root", ["/etc", "../../secret", "~/secret"])
def test_a_spec_whose_paths_lead_out_of_the_folder_is_refused(here: Command, repo: Repo, root: str) -> None:
    files = repo.files("main")
    spec = {**json.loads(files["spec.json"]), "data": {"type": "image-folder", "root": root}}
    repo.commit("main", {**files, "spec.json": json.dumps(spec).encode()})
    refused = here("pull", "ann/small")
    assert (refused.exit_code, "leads out of the model's folder" in refused.output) == (2, True)


def test_paths_of_the_machine_stay_on_it(
    small: Callable[..., dict[str, Any]], registry: Registry, tmp_path: Path
) -> None:
    weights = {"path": tmp_path / "weights.safetensors"}
    spec = read_spec(
        small(
            data={"type": "image-folder", "root": tmp_path / "photos", "size": 8, "cache": tmp_path / "cache"},
            generator={"type": "pretrained", "network": {"type": "mlp", "hidden": [4]}, "weights": weights},
            train={"init_from": tmp_path / "first"},
            metrics=[{"type": "fid", "network": {"type": "torchscript", "path": tmp_path / "net.pt"}}],
        ),
        registry=registry,
    )
    written = portable(spec)
    assert str(tmp_path) not in json.dumps(written)
    read: Any = written
    assert read["data"]["root"] == "photos"
    assert "cache" not in read["data"]
    assert read["generator"]["weights"]["path"] == "weights.safetensors"
    assert read["train"]["init_from"] == "first"
    assert read["metrics"][0]["network"]["path"] == "net.pt"
    assert read_spec(written, registry=registry).name == "small"


def test_a_pulled_model_says_which_plugin_is_missing(
    push: Command,
    here: Command,
    small: Callable[..., dict[str, Any]],
    registry: Registry,
    hub: Hub,
    tmp_path: Path,
) -> None:
    wrapped = {"trunk": {"type": "wrapped", "inner": {"type": "mlp", "hidden": [4]}}, "head": {"type": "linear"}}
    spec = small(train={"steps": 1}, discriminator=wrapped)
    run = train(spec, tmp_path, options=RunOptions(notify=lambda text: None, registry=registry))
    assert here("push", run, "ann/wrapped").exit_code == 0
    assert here("pull", "ann/wrapped").exit_code == 0
    environment = tmp_path / "runs/wrapped/environment.json"
    environment.write_text(environment.read_text().replace("gan-run-toys", "gan-run-gone"))
    refused = here("sample", "runs/wrapped", "-p", "no:toys")
    assert refused.exit_code == 2
    assert "no trunk is called 'wrapped'" in refused.output
    assert "plugins that are not installed here: gan-run-gone 1.2" in refused.output

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gan_run import RunOptions, TrainingError, train
from gan_run.cli import main
from gan_run.registry.plugins import load_plugins

GanRun = Callable[..., subprocess.CompletedProcess[str]]

HEADER = """
from typing import Literal
from torch import Tensor
from torch.nn.functional import relu
from gan_run import Component, Loss, LossContext, LossTerm, UpdateContext, hookimpl
"""

LEDGE = (
    HEADER
    + """
class Ledge(Loss):
    type: Literal["ledge"] = "ledge"
    margin: float = 1.0

    def build(self, context: LossContext) -> LossTerm:
        return LedgeTerm(self.margin)


class LedgeTerm(LossTerm):
    def __init__(self, margin: float) -> None:
        super().__init__()
        self._margin = margin

    def discriminator_loss(self, update: UpdateContext) -> Tensor:
        real, fake = update.real_output.logits, update.fake_output.logits
        return relu(self._margin - real).mean() + relu(self._margin + fake).mean()

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return -update.fake_output.logits.mean()


@hookimpl
def gan_run_components():
    return [Ledge]
"""
)

BROKEN = {
    "fails-on-import": ("raise RuntimeError('no licence found')", "RuntimeError: no licence found"),
    "exits-on-import": ("import sys; sys.exit('set ACME_HOME first')", "SystemExit: set ACME_HOME first"),
    "half": (
        LEDGE.replace("    return [Ledge]", "    yield Ledge\n    raise OSError('the other half is missing')"),
        "OSError: the other half is missing",
    ),
    "no-component": (
        HEADER + "@hookimpl\ndef gan_run_components():\n    return [int]",
        "<class 'int'> is no component",
    ),
    "kind": (HEADER + "@hookimpl\ndef gan_run_components():\n    return [Loss]", "is no component class"),
    "abstract": (
        HEADER + "class Bare(Loss):\n    type: Literal['bare'] = 'bare'\n\n"
        "@hookimpl\ndef gan_run_components():\n    return [Bare]",
        "Bare does not define build",
    ),
    "nameless": (
        LEDGE.replace('    type: Literal["ledge"] = "ledge"\n', ""),
        "Ledge has no name: give it `type:",
    ),
    "unnamed": (
        LEDGE.replace('Literal["ledge"] = "ledge"', 'Literal["ledge"]'),
        "Ledge has no name: give it `type:",
    ),
    "misspelt-hook": (
        HEADER + "@hookimpl\ndef gan_run_componets():\n    return []",
        "no hook called gan_run_componets",
    ),
    "misspelt-argument": (HEADER + "@hookimpl\ndef gan_run_run_started(evnt):\n    pass", "evnt"),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken")


@pytest.fixture(autouse=True)
def _install_broken(broken: Path, install_plugin: Callable[..., Path]) -> None:
    if not any(broken.iterdir()):
        for number, (name, (code, _)) in enumerate(BROKEN.items()):
            install_plugin(broken, name, f"0.{number}", code)


def test_plugins_lists_each_broken_one_with_distribution_version_and_cause(forked: GanRun, broken: Path) -> None:
    done = forked("plugins", "--json", sites=(broken,))
    assert done.returncode == 0, done.stderr
    found = {plugin["name"]: plugin for plugin in json.loads(done.stdout)}
    for number, (name, (_, cause)) in enumerate(BROKEN.items()):
        assert found[name]["distribution"] == name
        assert found[name]["version"] == f"0.{number}"
        assert cause in found[name]["error"]
        assert found[name]["components"] == []
    toys = found["toys"]
    assert (toys["distribution"], toys["version"], toys["error"]) == ("gan-run-toys", "1.2", None)
    assert "data:toys" in toys["components"]


def test_plugins_lists_them_as_text_too(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(broken)
    done = CliRunner().invoke(main, ["plugins"])
    assert done.exit_code == 0
    (line,) = [line for line in done.output.splitlines() if line.startswith("half")]
    assert "half 0.2" in line
    assert "ERROR OSError: the other half is missing" in line


def test_a_spec_trains_beside_broken_plugins(forked: GanRun, broken: Path, write_spec: Callable[..., Path]) -> None:
    done = forked(write_spec(train={"steps": 1}), sites=(broken,))
    assert done.returncode == 0, done.stderr
    assert "\ndone: runs/small\n" in done.stdout


def test_a_spec_that_needs_a_broken_plugin_is_told_the_cause(
    forked: GanRun, broken: Path, write_spec: Callable[..., Path]
) -> None:
    done = forked("check", write_spec(losses=[{"type": "ledge"}]), sites=(broken,))
    assert done.returncode == 2
    assert "losses[0].type: no loss is called 'ledge'" in done.stderr
    assert "plugin half (half 0.2) could not be loaded: OSError: the other half is missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_of_a_broken_plugin_stays(broken: Path, monkeypatch: pytest.MonkeyPatch, toys: Path) -> None:
    before = load_plugins().versions().keys()
    monkeypatch.syspath_prepend(toys)
    monkeypatch.syspath_prepend(broken)
    registry = load_plugins()
    assert "ledge" not in registry.catalogue.names("loss")
    assert "bare" not in registry.catalogue.names("loss")
    loaded = {name for name, _ in registry.manager.list_name_plugin()}
    assert "gan-run-toys:toys" in loaded
    assert not loaded & {f"{name}:{name}" for name in BROKEN}
    assert registry.versions().keys() == before | {"gan-run-toys"}


def test_a_plugin_may_be_called_gan_run_something_and_import_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install_plugin: Callable[..., Path]
) -> None:
    code = LEDGE + "\nimport gan_run_acme_self\n"
    monkeypatch.syspath_prepend(install_plugin(tmp_path, "gan-run-acme-self", "1.0", code))
    (plugin,) = [plugin for plugin in load_plugins().plugins if plugin.name == "gan-run-acme-self"]
    assert plugin.error is None
    assert plugin.components == ("loss:ledge",)


@pytest.fixture
def claimed_twice(tmp_path: Path, install_plugin: Callable[..., Path]) -> Path:
    install_plugin(tmp_path / "site", "acme", "1.0", LEDGE)
    return install_plugin(
        tmp_path / "site", "rival", "2.0", LEDGE.replace("margin: float = 1.0", "margin: float = 5.0")
    )


def test_a_name_that_two_plugins_claim_is_refused_with_the_names_that_choose(
    forked: GanRun, claimed_twice: Path, write_spec: Callable[..., Path]
) -> None:
    done = forked("check", write_spec(losses=[{"type": "ledge"}]), sites=(claimed_twice,))
    assert done.returncode == 2
    assert "losses[0].type: 'ledge' is claimed by several plugins: choose acme:ledge or rival:ledge" in done.stderr


def test_a_qualified_name_trains_is_written_and_resumes(
    forked: GanRun, claimed_twice: Path, write_spec: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_spec(losses=[{"type": "rival:ledge"}], train={"steps": 2})
    done = forked(path, sites=(claimed_twice,))
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "runs/small/spec.json").read_text())
    assert written["losses"] == [{"type": "rival:ledge", "weight": 1.0, "every": 1, "margin": 5.0}]
    environment = json.loads((tmp_path / "runs/small/environment.json").read_text())
    assert environment["stretches"][0]["plugins"]["rival"] == "2.0"

    resumed = forked("train", "--resume", "runs/small", "--set", "train.steps=3", sites=(claimed_twice,))
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming runs/small after step 2" in resumed.stdout
    assert json.loads((tmp_path / "runs/small/evaluation.json").read_text())["step"] == 3

    # Without the other plugin the qualified name still chooses, and the run is found again.
    again = forked(path, "--set", "train.steps=3", "-p", "no:acme", sites=(claimed_twice,))
    assert again.returncode == 0, again.stderr
    assert "runs/small is finished" in again.stdout


def test_components_are_listed_under_the_names_that_choose_them(
    claimed_twice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(claimed_twice)
    names = load_plugins().catalogue.names("loss")
    assert {"acme:ledge", "rival:ledge", "minimax"} <= set(names)
    assert "ledge" not in names
    assert "ledge" in load_plugins(blocked=["rival"]).catalogue.names("loss")


def test_a_blocked_plugin_is_not_even_imported(
    forked: GanRun, tmp_path: Path, install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "imported"
    site = install_plugin(tmp_path / "site", "marks", "1.0", f"open({str(mark)!r}, 'w').close()")
    done = forked("plugins", "-p", "no:marks", sites=(site,))
    assert done.returncode == 0
    assert "marks" not in done.stdout
    assert not mark.exists()
    monkeypatch.syspath_prepend(site)
    assert "marks" in [plugin.name for plugin in load_plugins().plugins]
    assert mark.exists()


def test_blocking_is_written_as_no_name() -> None:
    done = CliRunner().invoke(main, ["plugins", "-p", "toys"])
    assert done.exit_code == 2
    assert "'toys' is not of the form no:NAME" in done.output


WITNESS = """
from gan_run import hookimpl

SEEN = []

@hookimpl
def gan_run_run_started(event):
    SEEN.append(("started", event.step))

@hookimpl
def gan_run_step_logged(event):
    SEEN.append(("logged", event.step))

@hookimpl
def gan_run_checkpoint_saved(event):
    assert event.checkpoint.is_dir()
    SEEN.append(("saved", event.step))

@hookimpl
def gan_run_run_ended(event):
    SEEN.append(("ended", event.step, type(event.error).__name__))
"""


def test_lifecycle_hooks_are_told_in_order(
    tmp_path: Path,
    toys: Path,
    monkeypatch: pytest.MonkeyPatch,
    install_plugin: Callable[..., Path],
    small: Callable[..., dict[str, Any]],
) -> None:
    monkeypatch.syspath_prepend(toys)
    monkeypatch.syspath_prepend(install_plugin(tmp_path / "site", "witness", "1.0", WITNESS))
    registry = load_plugins()
    witness = registry.manager.get_plugin("witness:witness")
    quiet = RunOptions(notify=lambda text: None, registry=registry)

    train(small(train={"steps": 3}), tmp_path / "runs", options=quiet)
    assert witness.SEEN == [
        ("started", 0),
        ("logged", 1),
        ("logged", 2),
        ("saved", 2),
        ("logged", 3),
        ("saved", 3),
        ("ended", 3, "NoneType"),
    ]

    witness.SEEN.clear()
    spec = small(name="nan", losses=[{"type": "non-saturating"}, {"type": "turns-nan", "calls": 1}])
    with pytest.raises(TrainingError):
        train(spec, tmp_path / "runs", options=quiet)
    assert witness.SEEN == [("started", 0), ("logged", 1), ("ended", 2, "TrainingError")]

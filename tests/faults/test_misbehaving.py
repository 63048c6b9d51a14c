"""Each misbehaving plugin is contained, or named with its distribution, its component and its place in the spec."""

import json
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from gan_run.cli import main
from gan_run.registry.plugins import Registry, load_plugins
from misbehaving import AT_IMPORT, AT_WORK, AtWork

WriteSpec = Callable[..., Path]


def state() -> tuple[object, ...]:
    """What a plugin may not change."""
    streams = sys.stdout, sys.stderr
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    defaults = torch.get_default_dtype(), torch.is_grad_enabled()
    return Path.cwd(), streams, handlers, defaults, warnings.filters.copy()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, install_plugin: Callable[..., Path]) -> Path:
    folder = tmp_path_factory.mktemp("misbehaving")
    for name, case in AT_IMPORT.items():
        install_plugin(folder, name, "1.0", case.code)
    return folder


@pytest.fixture(scope="module")
def loaded(site: Path) -> Iterator[Registry]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        before = state()
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            found = load_plugins()
        assert state() == before
        yield found


@pytest.mark.parametrize("name", AT_IMPORT)
def test_what_a_plugin_does_at_import_is_contained_or_named(loaded: Registry, name: str) -> None:
    (plugin,) = [plugin for plugin in loaded.plugins if plugin.name == name]
    said = AT_IMPORT[name].said
    if said is None:
        assert plugin.error is None
    else:
        assert plugin.error is not None
        assert said in plugin.error
        assert "\n" not in plugin.error
        assert plugin.components == ()


def test_the_other_plugins_work(loaded: Registry) -> None:
    assert {"adam", "adamw"} <= set(loaded.catalogue.names("optimizer"))
    assert "prints:fine" in loaded.catalogue.names("loss")
    # A name that gan-run has stays its own, and the other one is chosen by its distribution.
    assert loaded.catalogue.entry("loss", "non-saturating").distribution == "gan-run"
    assert loaded.catalogue.entry("loss", "takes-a-name:non-saturating").distribution == "takes-a-name"


def test_what_a_plugin_prints_is_no_part_of_an_answer(site: Path, environment: Callable[..., dict[str, str]]) -> None:
    """In an interpreter of its own, whose standard output is a file descriptor."""
    done = subprocess.run(
        [sys.executable, "-m", "gan_run", "plugins", "--json"],
        env=environment(site),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    names = {plugin["name"] for plugin in json.loads(done.stdout)}
    assert AT_IMPORT.keys() <= names
    assert "loudlouder" in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_the_users_own_ctrl_c_is_not_taken_for_a_plugins(
    tmp_path: Path, install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(1000): pass"
    monkeypatch.syspath_prepend(install_plugin(tmp_path, "pressed", "1.0", code))
    with pytest.raises(KeyboardInterrupt):
        load_plugins()


def test_help_imports_no_plugin(
    tmp_path: Path, install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "imported"
    code = f"open({str(mark)!r}, 'w').close()\nimport time, torch\ntime.sleep(60)"
    monkeypatch.syspath_prepend(install_plugin(tmp_path / "site", "slow", "1.0", code))
    assert CliRunner().invoke(main, ["--help"]).exit_code == 0
    assert not mark.exists()


@pytest.fixture
def use(here: Callable[..., Result], write_spec: WriteSpec, tmp_path: Path, toys: Path, monkeypatch: Any) -> Any:
    """use(case) trains a step with the plugin of a case, as a file."""
    monkeypatch.syspath_prepend(toys)

    def run(case: AtWork) -> Result:
        (tmp_path / "bad.py").write_text(case.code, encoding="utf-8")
        spec = write_spec(train={"steps": 2}, **case.spec)
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # the command line shows them
            return here(spec, "--plugin", "bad.py")

    return run


@pytest.mark.parametrize("name", AT_WORK)
def test_what_a_component_does_is_named_with_its_plugin_and_its_place(
    use: Callable[[AtWork], Result], tmp_path: Path, name: str
) -> None:
    case = AT_WORK[name]
    done = use(case)
    text = done.output
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        text += f"{type(done.exception).__name__}: {done.exception}"
    for said in case.said:
        assert said in text, text
    assert done.exit_code == case.code_of_exit, text
    weights = list((tmp_path / "runs").glob("small/checkpoints/step-00000002/model.safetensors"))
    if case.code_of_exit == 0 or "is trained, but" in text:
        assert weights
    if case.code_of_exit == 2:
        assert not (tmp_path / "runs/small/metrics.jsonl").exists()


def test_a_metric_that_is_mended_is_measured_by_the_same_command(
    use: Callable[[AtWork], Result], tmp_path: Path
) -> None:
    case = AT_WORK["metric-raises"]
    assert use(case).exit_code == 1
    found = json.loads((tmp_path / "runs/small/evaluation.json").read_text())
    assert [each["metric"]["type"] for each in found["metrics"]] == ["loudness"]
    assert [(each["place"], each["error"]) for each in found["failed"]] == [("metrics[0]", "ValueError: empty")]
    assert use(case).exit_code == 1  # it tries again
    done = use(case._replace(code=case.code.replace("raise ValueError('empty')", "return {'mean': 1.0}")))
    assert done.exit_code == 0, done.output
    assert "failed" not in json.loads((tmp_path / "runs/small/evaluation.json").read_text())
    assert (tmp_path / "runs/small/report.html").exists()

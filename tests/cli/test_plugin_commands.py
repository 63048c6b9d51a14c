"""A plugin adds commands to gan-run. They are listed without an import, and none can break the command line."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

GanRun = Callable[..., subprocess.CompletedProcess[str]]
Here = Callable[..., Result]

ACME = """
from pathlib import Path

import click

from gan_run import GanRunError

Path("imported.txt").touch()


@click.command()
@click.option("--times", default=1, help="How often.")
def acme(times):
    '''Say hello.'''
    if times == 0:
        raise GanRunError("never is not often enough")
    click.echo("hello " * times)
"""


@pytest.fixture
def add(tmp_path: Path, install_plugin: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """add(distribution, code, name="module:attribute") installs a distribution with one command."""

    def make(distribution: str, code: str, **commands: str) -> Path:
        site = install_plugin(tmp_path / f"site-{distribution}", distribution, "1.0", code)
        (points,) = site.glob("*.dist-info/entry_points.txt")
        rows = "".join(f"{name} = {value}\n" for name, value in commands.items())
        points.write_text(f"[gan_run.commands]\n{rows}", encoding="utf-8")
        monkeypatch.syspath_prepend(site)
        return site

    return make


def test_help_lists_a_command_without_importing_it(gan_run: GanRun, add: Callable[..., Path], tmp_path: Path) -> None:
    site = add("gan-run-acme", ACME, acme="gan_run_acme:acme")
    done = gan_run("--help", sites=(site,))
    assert done.returncode == 0, done.stderr
    assert "\nCommands of plugins:\n  acme  from gan-run-acme 1.0\n" in done.stdout
    assert not (tmp_path / "imported.txt").exists()
    assert gan_run("acme", "--times", "2", sites=(site,)).stdout == "hello hello \n"


def test_its_own_help_and_its_mistakes_are_shown_like_those_of_gan_runs_commands(
    here: Here, add: Callable[..., Path]
) -> None:
    add("one-acme", ACME, acme="one_acme:acme")
    assert "Say hello." in here("acme", "--help").output
    done = here("acme", "--times", 0)
    assert (done.exit_code, done.output) == (2, "error: never is not often enough\n")
    assert "did you mean 'acme'?" in here("acmee").output
    assert "  acme  from one-acme 1.0" in here("--help").output
    assert "acme  one-acme 1.0  command\n" in here("plugins").output


def test_a_command_is_preferred_to_a_folder_of_its_name(here: Here, add: Callable[..., Path], tmp_path: Path) -> None:
    add("two-acme", ACME, acme="two_acme:acme")
    (tmp_path / "acme").mkdir()
    assert here("acme").output == "hello \n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('no licence')", "cannot be loaded: RuntimeError: no licence"),
        ("import sys; sys.exit(3)", "cannot be loaded: SystemExit: 3"),
        ("", "cannot be loaded: AttributeError: module 'broken{}' has no attribute 'acme'"),
        ("acme = 5", "is no click command: its entry point names a int"),
    ],
    ids=["error", "exit", "absent", "other"],
)
def test_a_broken_command_is_named_when_it_is_called_and_nothing_else_is_broken(
    here: Here, add: Callable[..., Path], request: pytest.FixtureRequest, code: str, message: str
) -> None:
    name = f"broken{request.node.callspec.id}"
    add(name, code, acme=f"{name}:acme")
    assert f"acme  from {name} 1.0" in here("--help").output
    done = here("acme")
    assert done.exit_code == 2
    assert done.output == f"error: the command acme of {name} 1.0 {message.format(request.node.callspec.id)}\n"
    assert here("init").exit_code == 0


def test_the_name_of_a_command_of_gan_run_cannot_be_taken(here: Here, add: Callable[..., Path]) -> None:
    add("greedy", ACME, train="greedy:acme")
    message = "gan-run has a command of this name"
    assert f"train  from greedy 1.0: left out, {message}" in here("--help").output
    assert f"train  greedy 1.0  ERROR {message}\n" in here("plugins").output
    assert "Train SPEC, a file or -" in here("train", "--help").output


def test_a_name_that_two_distributions_give_is_refused(here: Here, add: Callable[..., Path]) -> None:
    add("alpha", ACME, acme="alpha:acme")
    add("beta", ACME, acme="beta:acme")
    done = here("acme")
    assert done.exit_code == 2
    assert "error: the command acme of " in done.output
    assert "has one of this name too" in done.output


def test_a_command_is_left_out_with_its_plugin(here: Here, add: Callable[..., Path], tmp_path: Path) -> None:
    add("three-acme", ACME, acme="three_acme:acme")
    assert "acme" not in here("-p", "no:acme", "--help").output
    done = here("-p", "no:acme", "acme")
    assert done.exit_code == 2
    assert "'acme' is neither a command, a file nor a recipe" in done.output
    assert "acme" not in here("plugins", "-p", "no:acme").output
    assert not (tmp_path / "imported.txt").exists()


def test_a_plugin_may_be_left_out_before_or_after_the_command(here: Here) -> None:
    for arguments in (("-p", "no:pictures", "components"), ("components", "-p", "no:pictures")):
        assert "traversal" not in here(*arguments).output
    assert "traversal" in here("components").output
    assert "'pictures' is not of the form no:NAME" in here("-p", "pictures", "components").output


def test_a_plugin_that_is_slow_to_import_is_named(here: Here, tmp_path: Path) -> None:
    code = "import time\ntime.sleep(1.1)\nfrom gan_run import hookimpl\n@hookimpl\ndef gan_run_run_ended(event): ...\n"
    (tmp_path / "sluggish.py").write_text(code)
    done = here("plugins", "--plugin", tmp_path / "sluggish.py")
    assert "warning: the plugin sluggish (sluggish.py sha256:" in done.output
    assert "s to import: every command waits for it" in done.output
    assert "takes" not in here("plugins").output

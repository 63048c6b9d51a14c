import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from gan_run import PluginError
from gan_run.cli import main
from gan_run.scaffold.project import KINDS, write_project
from gan_run.testing.component import ComponentSuite


def test_a_project_of_every_kind_passes_its_own_tests(
    tmp_path: Path, environment: Callable[..., dict[str, str]]
) -> None:
    projects = [write_project(f"my-{kind}", kind, tmp_path) for kind in KINDS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", *(str(each / "tests") for each in projects)],
        cwd=tmp_path,
        env=environment(*(each / "src" for each in projects)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = int(done.stdout.split(" passed")[0].split()[-1])
    assert passed > len(KINDS) * len([name for name in dir(ComponentSuite) if name.startswith("test")])


def test_a_project_is_complete_and_under_its_own_name(tmp_path: Path) -> None:
    project = write_project("my-loss", "loss", tmp_path)
    files = {str(path.relative_to(project)): path.read_text() for path in project.rglob("*") if path.is_file()}
    assert files.keys() == {
        "pyproject.toml",
        "README.md",
        "src/my_loss/__init__.py",
        "src/my_loss/loss.py",
        "tests/test_my_loss.py",
        ".github/workflows/test.yml",
    }
    assert 'my-loss = "my_loss"' in files["pyproject.toml"]
    assert 'type: Literal["my-loss"] = "my-loss"' in files["src/my_loss/loss.py"]
    assert '{"type": "my-loss"}' in files["README.md"]
    for text in files.values():
        assert "Mine" not in text
        assert '"mine"' not in text
        assert "{" not in text or "{name}" not in text


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    project = write_project("my-loss", "loss", tmp_path)
    (project / "README.md").write_text("mine")
    with pytest.raises(PluginError, match="exists already"):
        write_project("my-loss", "loss", tmp_path)
    assert (project / "README.md").read_text() == "mine"


@pytest.mark.parametrize("name", ["My-Loss", "my_loss", "3d", "-x", "a--b", "", "../up"])
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginError, match="lower-case letters, digits"):
        write_project(name, "loss", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["torch", "json", "class", "gan-run"])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PluginError, match="a module called"):
        write_project(name, "loss", tmp_path)


def test_the_command_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["new-plugin", "my-trunk", "--kind", "trunk"])
    assert done.exit_code == 0, done.output
    assert "go on in src/my_trunk/trunk.py" in done.output
    assert (tmp_path / "my-trunk" / "src" / "my_trunk" / "trunk.py").exists()
    again = CliRunner().invoke(main, ["new-plugin", "my-trunk"])
    assert again.exit_code == 2
    assert "exists already" in again.output

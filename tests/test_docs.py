"""What the manual tells people to write has to work as it stands there."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PLUGINS = Path(__file__).parent.parent / "docs" / "plugins.md"


def code_of(name: str) -> str:
    """A plugin that the manual shows in full."""
    shown = PLUGINS.read_text(encoding="utf-8")
    found = re.search(rf"```python\n# {name}\.py\n(.*?)```", shown, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_loss_in_the_manual_works_once_it_is_installed(
    tmp_path: Path,
    install_plugin: Callable[..., Path],
    write_spec: Callable[..., Path],
    gan_run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    site = install_plugin(tmp_path / "site", "smoothed", "0.1", code_of("smoothed"))
    spec = write_spec(losses=[{"type": "smoothed", "real": 0.8}], train={"steps": 2})

    without = gan_run(spec)
    assert without.returncode == 2
    assert "losses[0].type: no loss is called 'smoothed'" in without.stderr
    assert gan_run(spec, sites=(site,)).returncode == 0
    assert (tmp_path / "runs" / "small" / "evaluation.json").exists()


def test_the_loss_with_a_network_of_its_own_trains_it(
    tmp_path: Path, write_spec: Callable[..., Path], gan_run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    plugin = tmp_path / "second_opinion.py"
    plugin.write_text(code_of("second_opinion"), encoding="utf-8")
    adam = {"type": "adam", "lr": 1e-3}
    losses = [{"type": "hinge"}, {"type": "second-opinion", "trunk": {"type": "mlp", "hidden": [8]}}]
    players = dict.fromkeys(("generator", "discriminator", "second-judge"), adam)
    spec = write_spec(losses=losses, optimizers=players, train={"steps": 3, "log_every": 1})
    done = gan_run(spec, "--plugin", plugin)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "runs" / "small" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    judged = [json.loads(line)["second-judge/second-opinion"] for line in lines]
    assert len(set(judged)) == 3


def test_the_tests_in_the_manual_pass(tmp_path: Path) -> None:
    for name in ("smoothed", "brightness"):
        (tmp_path / f"{name}.py").write_text(code_of(name), encoding="utf-8")
        (tmp_path / f"test_{name}.py").write_text(code_of(f"test_{name}"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", tmp_path], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout

"""What the manual tells people to write has to work as it stands there."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

PLUGINS = Path(__file__).parent.parent / "docs" / "plugins.md"


def test_the_loss_in_the_manual_works_once_it_is_installed(
    tmp_path: Path,
    install_plugin: Callable[..., Path],
    write_spec: Callable[..., Path],
    gan_run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    found = re.search(r"```python\n# smoothed\.py\n(.*?)```", PLUGINS.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    site = install_plugin(tmp_path / "site", "smoothed", "0.1", found[1])
    spec = write_spec(losses=[{"type": "smoothed", "real": 0.8}], train={"steps": 2})

    without = gan_run(spec)
    assert without.returncode == 2
    assert "losses[0].type: no loss is called 'smoothed'" in without.stderr
    assert gan_run(spec, sites=(site,)).returncode == 0
    assert (tmp_path / "runs" / "small" / "evaluation.json").exists()

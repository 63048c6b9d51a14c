"""A small spec, plugins that are really installed, and the real command line."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from click.testing import CliRunner, Result
from hypothesis import settings

from browser import CHROMIUM
from forked import Forked, run_forked, started
from gan_run.cli import main
from gan_run.registry.plugins import Registry, load_plugins

if TYPE_CHECKING:
    from playwright.sync_api import Browser

torch.set_num_threads(1)
settings.register_profile("gan-run", deadline=None)  # how long an example takes depends on the machine
settings.load_profile("gan-run")

SMALL: dict[str, object] = {
    "format": 1,
    "name": "small",
    "seed": 3,
    "data": {"type": "toys"},
    "latents": {
        "z": {"type": "gaussian", "count": 4},
        "category": {"type": "categorical", "classes": 3},
        "c": {"type": "uniform"},
    },
    "generator": {"type": "mlp", "hidden": [12]},
    "discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}},
    "losses": [
        {"type": "non-saturating"},
        {"type": "mutual-information", "codes": {"category": 1.0, "c": 0.5}, "hidden": 6},
    ],
    "optimizers": {
        "generator": {"type": "adam", "lr": 1e-3},
        "discriminator": {"type": "adam", "lr": 2e-4},
    },
    "train": {"steps": 6, "batch_size": 8, "checkpoint_every": 2, "log_every": 1, "device": "cpu"},
}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is left in the user's cache, and nothing is found there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """Chromium, for `open_page`."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def float64() -> Iterator[None]:
    """Tensors are of float64 unless they say otherwise."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def install(site: Path, name: str, version: str, code: str, entry: str | None = None) -> Path:
    """Make `site` hold a distribution: a module of this code, and the metadata that lets it be found."""
    module = name.replace("-", "_")
    site.mkdir(parents=True, exist_ok=True)
    (site / f"{module}.py").write_text(code, encoding="utf-8")
    metadata = site / f"{module}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[gan_run]\n{entry or name} = {module}\n", encoding="utf-8")
    return site


@pytest.fixture(scope="session")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, as on PYTHONPATH, in which the plugin of toys.py is installed as the distribution gan-run-toys."""
    code = Path(__file__).with_name("toys.py").read_text(encoding="utf-8")
    return install(tmp_path_factory.mktemp("toys"), "gan-run-toys", "1.2", code, entry="toys")


@pytest.fixture(scope="session")
def registry(toys: Path) -> Iterator[Registry]:
    """Everything that is installed, the toys included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(toys)
        yield load_plugins()


@pytest.fixture(scope="session")
def install_plugin() -> Callable[..., Path]:
    """install_plugin(site, name, version, code, entry=name) installs a third party's distribution in a folder."""
    return install


@pytest.fixture(scope="session")
def small() -> Callable[..., dict[str, Any]]:
    """small(name="other", train={"steps": 3}) is a small spec with fields replaced; `train` adds to its own."""

    def changed(train: Mapping[str, object] | None = None, **fields: object) -> dict[str, Any]:
        spec: dict[str, Any] = copy.deepcopy(SMALL)
        spec["train"].update(train or {})
        return {**spec, **fields}

    return changed


@pytest.fixture
def write_spec(tmp_path: Path, small: Callable[..., dict[str, Any]]) -> Callable[..., Path]:
    """Writes the small spec, changed likewise, to tmp_path/NAME.json."""

    def write(train: Mapping[str, object] | None = None, **fields: object) -> Path:
        content = small(train, **fields)
        path = tmp_path / f"{content['name']}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def environment(toys: Path) -> Callable[..., dict[str, str]]:
    """environment(site, …) is that of a process which finds the toys and what is installed in these folders."""

    def make(*sites: Path, **variables: str) -> dict[str, str]:
        path = os.pathsep.join(str(site) for site in (*sites, toys))
        return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **variables}

    return make


@pytest.fixture
def gan_run(
    tmp_path: Path, environment: Callable[..., dict[str, str]]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """gan_run("train", "x.json", sites=[…], VARIABLE="…") runs the command line in tmp_path, in its own process."""

    def run(*arguments: str | Path, sites: tuple[Path, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gan_run", *map(str, arguments)],
            cwd=tmp_path,
            env=environment(*sites, **variables),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def forked(
    tmp_path: Path, environment: Callable[..., dict[str, str]]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """forked(…), called as gan_run, is ready at once: its process is forked from one in which torch is imported.

    forked(…, processes=2) trains in so many, as torchrun starts them.
    """

    def run(
        *arguments: str | Path, sites: tuple[Path, ...] = (), processes: int | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return run_forked([*map(str, arguments)], tmp_path, environment(*sites, **variables), processes=processes)

    return run


@pytest.fixture
def start(tmp_path: Path, environment: Callable[..., dict[str, str]]) -> Callable[..., AbstractContextManager[Forked]]:
    """start(…), called as forked, is a context in which the process runs; its value takes signals."""

    def run(*arguments: str | Path, **variables: str) -> AbstractContextManager[Forked]:
        return started([*map(str, arguments)], tmp_path, environment(**variables))

    return run


@pytest.fixture
def here(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """here("sample", run, …) runs the command line in this process. One of its own takes seconds to import torch."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, **variables: str) -> Result:
        return CliRunner(env=variables).invoke(main, [str(argument) for argument in arguments])

    return run

"""A hub on this machine, and a trained run to publish."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from huggingface_hub import close_session, constants

from gan_run import RunOptions, train
from gan_run.cli import main
from gan_run.registry.plugins import Registry
from stand_in_hub import TOKEN, Hub, Repo, stand_in_hub


@contextmanager
def logged_in(cache: Path) -> Iterator[Hub]:
    """A hub in which the user is logged in; the library's cache is empty."""
    with stand_in_hub() as started, pytest.MonkeyPatch.context() as patch:
        changed = {
            "ENDPOINT": started.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": f"{started.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}",
            "HF_HUB_CACHE": str(cache),
            "HF_HUB_DISABLE_XET": True,
        }
        for name, value in changed.items():
            patch.setattr(constants, name, value)
        patch.setenv("HF_TOKEN", TOKEN)
        yield started
    close_session()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """An empty hub."""
    with logged_in(tmp_path / "cache") as started:
        yield started


@pytest.fixture(scope="session")
def published(
    registry: Registry, small: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A run with metrics, an EMA, names of codes and files of this machine in its spec."""
    out = tmp_path_factory.mktemp("published")
    metrics = [{"type": "loudness", "every": 2}, {"type": "cluster-accuracy", "code": "category"}]
    spec = small(
        train={"steps": 4, "keep": 5}, metrics=metrics, callbacks=[{"type": "alarms"}], description="Of noise."
    )
    run = train(spec, out, options=RunOptions(notify=lambda text: None, registry=registry))
    names = '{"codes": {"c": {"name": "slant|lean"}, "category": {"values": {"0": "even"}}}}'
    (run / "labels.json").write_text(names, encoding="utf-8")
    return run


@pytest.fixture
def push(here: Callable[..., Result], published: Path, hub: Hub) -> Callable[..., Result]:
    """push(*options) publishes the run as ann/small."""

    def pushed(*options: str) -> Result:
        return here("push", published, "ann/small", *options)

    return pushed


@pytest.fixture(scope="session")
def pushed_files(published: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the published run, by their path in its repository."""
    with logged_in(tmp_path_factory.mktemp("hub")) as hub, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the library's own
        done = CliRunner().invoke(main, ["push", str(published), "ann/small", "--license", "apache-2.0"])
        assert done.exit_code == 0, done.output
        return hub.files("ann/small")


@pytest.fixture
def repo(hub: Hub, pushed_files: dict[str, bytes]) -> Repo:
    """The repository ann/small, with the published run."""
    hub.repos["ann/small"] = Repo(private=False)
    hub.repos["ann/small"].commit("main", dict(pushed_files))
    return hub.repos["ann/small"]

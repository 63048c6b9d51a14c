import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gan_run import RunOptions, train
from gan_run.cli import main
from gan_run.registry.plugins import Registry

Here = Callable[..., Result]


@pytest.fixture
def here(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """here("sample", run, …) runs the command line in this process, where no process of its own is to be shown."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return run


@pytest.fixture(scope="module")
def run(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run. Its fields differ from the defaults, so that each is seen to be read."""
    spec = {
        "name": "small",
        "data": {"type": "toys"},
        "latents": {
            "z": {"type": "gaussian", "count": 4},
            "category": {"type": "categorical", "classes": 3},
            "c": {"type": "uniform"},
        },
        "generator": {"type": "mlp", "hidden": [12]},
        "discriminator": {"trunk": {"type": "mlp", "hidden": [10]}, "head": {"type": "linear"}},
        "losses": [{"type": "non-saturating"}, {"type": "mutual-information", "codes": {"category": 1.0, "c": 1.0}}],
        "optimizers": {
            "generator": {"type": "adam", "lr": 1e-2},
            "discriminator": {"type": "adam", "lr": 1e-2},
        },
        "train": {"steps": 4, "batch_size": 8, "checkpoint_every": 2, "device": "cpu"},
        "metrics": [{"type": "loudness"}],
    }
    out = tmp_path_factory.mktemp("runs")
    return train(spec, out, options=RunOptions(notify=lambda text: None, registry=registry))


def test_components_are_listed_by_kind_with_a_line_each(here: Here) -> None:
    done = here("components")
    assert done.exit_code == 0
    lines = [line.split(maxsplit=2) for line in done.output.splitlines()]
    assert ["data", "toys", "Noise, the same at every call."] in lines
    assert ["trunk", "wrapped", "A trunk around another trunk."] in lines
    assert all(len(line) == 3 for line in lines)


def test_components_of_one_kind_are_listed_as_json(here: Here) -> None:
    rows: list[dict[str, Any]] = json.loads(here("components", "data", "--json").output)
    assert {row["kind"] for row in rows} == {"data"}
    (toys,) = [row for row in rows if row["type"] == "toys"]
    assert toys["distribution"] == "gan-run-toys"
    assert [row["type"] for row in rows] == sorted(row["type"] for row in rows)


def test_components_of_no_kind_are_answered_with_the_nearest(here: Here) -> None:
    done = here("components", "los")
    assert done.exit_code == 2
    assert "there is no kind 'los'; did you mean 'loss'?" in done.output


def test_schema_is_printed_with_what_is_installed(here: Here) -> None:
    done = here("schema")
    assert done.exit_code == 0
    schema = json.loads(done.output)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"data.toys", "loss.mutual-information", "trunk"} <= schema["$defs"].keys()

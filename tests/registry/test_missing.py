"""A run's model is loaded without the plugins that it is not made of."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import Result

from gan_run import PluginError, RunOptions, SpecError, Splits, load, train
from gan_run.loading import load_run
from gan_run.registry.missing import Missing, missing_parts
from gan_run.registry.plugins import Registry
from made_runs import without_digests

Here = Callable[..., Result]

# Metrics, artifacts, data source, an optimiser and a schedule in it are renamed after training: no plugin has them.
RENAMED = {
    "metrics[0]": "no metric is called 'acme-metric'",
    "artifacts[0]": "no artifact is called 'acme-artifact'",
    "data": "no data is called 'acme-data'",
    "optimizers.generator": "no optimizer is called 'acme-optimizer'",
    "optimizers.discriminator.lr": "no schedule is called 'acme-schedule'",
}


@pytest.fixture
def run(small: Callable[..., dict[str, Any]], registry: Registry, tmp_path: Path) -> Path:
    spec = small(train={"steps": 2}, metrics=[{"type": "loudness"}], artifacts=[{"type": "samples"}])
    spec["optimizers"]["discriminator"]["lr"] = {"type": "cosine", "start": 1e-3, "end": 0}
    options = RunOptions(notify=lambda text: None, registry=registry)
    return train(spec, tmp_path / "runs", options=options)


def rename(run: Path, *places: str) -> None:
    """Give the components at these places a type that no plugin has."""
    spec = json.loads((run / "spec.json").read_text())
    parts = {
        "metrics[0]": spec["metrics"][0],
        "artifacts[0]": spec["artifacts"][0],
        "data": spec["data"],
        "optimizers.generator": spec["optimizers"]["generator"],
        "optimizers.discriminator.lr": spec["optimizers"]["discriminator"]["lr"],
        "losses[1]": spec["losses"][1],
    }
    for place in places:
        kind = {"metrics[0]": "metric", "artifacts[0]": "artifact", "losses[1]": "loss", "data": "data"}.get(place)
        parts[place]["type"] = f"acme-{kind or ('schedule' if place.endswith('lr') else 'optimizer')}"
    (run / "spec.json").write_text(json.dumps(spec))
    without_digests(run)


def test_a_model_is_loaded_without_what_it_is_not_made_of_with_a_warning_for_each(
    run: Path, registry: Registry
) -> None:
    expected = load(run, registry=registry).sample(3, seed=1)
    rename(run, *RENAMED)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        images = load(run, registry=registry).sample(3, seed=1)
    assert torch.equal(images, expected)
    said = [str(warning.message) for warning in found]
    assert len(said) == len(RENAMED)
    for place, reason in RENAMED.items():
        assert any(f"{place}: {reason}" in text for text in said), place


def test_what_is_missing_says_so_when_it_is_used(run: Path, registry: Registry) -> None:
    rename(run, *RENAMED)
    with pytest.warns(UserWarning, match="is loaded without a component"):
        loaded = load_run(run, registry)
    assert len(list(missing_parts(loaded.spec))) == len(list(loaded.spec.find_all(Missing))) == len(RENAMED)
    with pytest.raises(PluginError, match="no metric is called 'acme-metric'"):
        loaded.spec.metrics[0].measure(loaded.model, Splits(loaded.spec.data))
    with pytest.raises(PluginError, match="no data is called 'acme-data'"):
        Splits(loaded.spec.data).info  # noqa: B018  # the look at it raises
    with pytest.raises(PluginError, match="no optimizer is called 'acme-optimizer'"):
        loaded.spec.optimizers["generator"].build([])


def test_a_model_is_loaded_without_the_feature_network_of_a_metric(run: Path, registry: Registry, here: Here) -> None:
    spec = json.loads((run / "spec.json").read_text())
    spec["metrics"] = [{"type": "fid", "network": {"type": "acme-network", "layer": 3}}]
    (run / "spec.json").write_text(json.dumps(spec))
    with pytest.warns(UserWarning, match="no feature-network is called"):
        loaded = load_run(run, registry)
    assert loaded.model.sample(2).isfinite().all()
    assert loaded.spec.model_dump(mode="json", warnings=False)["metrics"][0]["network"]["layer"] == 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        done = here("evaluate", run)
    assert done.exit_code == 2
    assert "metrics[0].network.type: no feature-network is called 'acme-network'" in done.stderr


def test_a_loss_that_is_missing_is_an_error(run: Path, registry: Registry) -> None:
    rename(run, "losses[1]")
    with pytest.raises(SpecError, match=r"losses\[1\]\.type: no loss is called 'acme-loss'"):
        load(run, registry=registry)


def test_training_needs_all_of_it(run: Path, registry: Registry) -> None:
    rename(run, "metrics[0]")
    content = json.loads((run / "spec.json").read_text())
    with pytest.raises(SpecError, match=r"metrics\[0\]\.type: no metric is called 'acme-metric'"):
        train(content, run.parent, options=RunOptions(registry=registry))


@pytest.mark.filterwarnings("always:.*is loaded without a component")
def test_evaluate_says_what_is_missing_and_measures_what_is_there(run: Path, here: Here) -> None:
    rename(run, "metrics[0]", "artifacts[0]")
    done = here("evaluate", run)
    assert done.exit_code == 2
    assert "metrics[0].type: no metric is called 'acme-metric'" in done.stderr
    done = here("evaluate", run, "--set", 'metrics=[{"type": "loudness"}]', "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["metrics"][0]["found"]["images"] == 16
    assert "warning: " in done.stderr
    assert "artifacts[0]: no artifact is called 'acme-artifact'" in done.stderr


@pytest.mark.filterwarnings("ignore:.*is loaded without a component")
def test_commands_work_without_the_plugins_of_pictures_and_metrics(run: Path, here: Here, tmp_path: Path) -> None:
    without = ("-p", "no:pictures", "-p", "no:cluster-accuracy", "-p", "no:information")
    for command in (
        ("sample", run, "--n", "2"),
        ("traverse", run, "--rows", "1", "--code", "c"),
        ("label", run, "category", "--from-data"),
    ):
        done = here(*command, *without)
        assert done.exit_code == 0, done.stderr
    assert (tmp_path / "samples.png").exists()
    assert (tmp_path / "traversal-c.png").exists()
    assert json.loads((run / "labels.json").read_text())["codes"]["category"]["values"]

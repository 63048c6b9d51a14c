"""Every pair of choices, by the code that writes docs/composition.md."""

import importlib.util
import itertools
import sys
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest

from gan_run.registry.plugins import load_plugins

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "composition.py"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("composition", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


COMPOSITION = script()
REGISTRY = load_plugins(found=distribution("gan-run").entry_points.select(group="gan_run"))
PAIRS = list(COMPOSITION.pairs(REGISTRY))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    COMPOSITION.write_images(folder)
    return folder


@pytest.mark.parametrize("choice", PAIRS, ids=lambda choice: "-".join(choice.values()).replace(", ", "-"))
def test_it_trains_two_steps_or_is_refused_by_a_rule(choice: dict[str, str], images: Path) -> None:
    assert COMPOSITION.try_out(choice, images, REGISTRY) is None


def test_every_pair_of_options_is_among_them_and_runs_unless_a_rule_refuses_it() -> None:
    options = {**COMPOSITION.axes(REGISTRY), **COMPOSITION.more_axes()}
    wanted = {
        frozenset([(one, left), (other, right)])
        for one, other in itertools.combinations(options, 2)
        for left, right in itertools.product(options[one], options[other])
    }
    running = [choice for choice in PAIRS if not COMPOSITION.refused(choice)]
    tried = {frozenset(pair) for choice in running for pair in itertools.combinations(choice.items(), 2)}
    assert all(COMPOSITION.refused(dict(pair)) for pair in wanted - tried)
    assert wanted <= {frozenset(pair) for choice in PAIRS for pair in itertools.combinations(choice.items(), 2)}
    assert all(any(rule.applies(choice) for choice in PAIRS) for rule in COMPOSITION.RULES)
    assert len(wanted - tried) < len(wanted) / 20


def test_the_published_table_is_of_what_there_is() -> None:
    page = (SCRIPT.parent.parent / "docs" / "composition.md").read_text(encoding="utf-8")
    options = COMPOSITION.axes(REGISTRY)
    assert f"Each of {len(list(COMPOSITION.product(REGISTRY)))} combinations" in page
    assert all(f"\n| {network} | " in page for network in options["network"])
    assert all(f"`{name}`" in page for name in options["adversarial"] + options["penalty"] if name != "none")
    assert all(f"- **{rule.choices}**: {rule.reason}" in page for rule in COMPOSITION.RULES)

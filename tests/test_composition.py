"""Every pair of choices, by the code that writes docs/composition.md."""

import itertools
from importlib.metadata import distribution
from pathlib import Path

import pytest

from gan_run.benchmarks import composition, composition_choices
from gan_run.registry.plugins import load_plugins

PAGE = Path(__file__).parent.parent / "docs" / "composition.md"
REGISTRY = load_plugins(found=distribution("gan-run").entry_points.select(group="gan_run"))
PAIRS = list(composition_choices.pairs(REGISTRY))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    composition_choices.write_images(folder)
    return folder


@pytest.mark.parametrize("choice", PAIRS, ids=lambda choice: "-".join(choice.values()).replace(", ", "-"))
def test_it_trains_two_steps_or_is_refused_by_a_rule(choice: dict[str, str], images: Path) -> None:
    assert composition.try_out(choice, images, REGISTRY) is None


def test_every_pair_of_options_is_among_them_and_runs_unless_a_rule_refuses_it() -> None:
    options = {**composition_choices.axes(REGISTRY), **composition_choices.more_axes()}
    wanted = {
        frozenset([(one, left), (other, right)])
        for one, other in itertools.combinations(options, 2)
        for left, right in itertools.product(options[one], options[other])
    }
    running = [choice for choice in PAIRS if not composition_choices.refused(choice)]
    tried = {frozenset(pair) for choice in running for pair in itertools.combinations(choice.items(), 2)}
    assert all(composition_choices.refused(dict(pair)) for pair in wanted - tried)
    assert wanted <= {frozenset(pair) for choice in PAIRS for pair in itertools.combinations(choice.items(), 2)}
    assert all(any(rule.applies(choice) for choice in PAIRS) for rule in composition_choices.RULES)
    assert len(wanted - tried) < len(wanted) / 20


def test_the_published_table_is_of_what_there_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    options = composition_choices.axes(REGISTRY)
    assert f"Each of {len(list(composition_choices.product(REGISTRY)))} combinations" in page
    assert all(f"\n| {network} | " in page for network in options["network"])
    assert all(f"`{name}`" in page for name in options["adversarial"] + options["penalty"] if name != "none")
    assert all(f"- **{rule.choices}**: {rule.reason}" in page for rule in composition_choices.RULES)

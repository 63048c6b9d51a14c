"""What an editor offers and refuses in a spec, by the engine that VS Code has for JSON.

The engine is node's package vscode-json-languageservice: an installed one, else npm installs it into pytest's cache.
"""

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gan_run.core.base.files import locked
from gan_run.registry.describe import summary
from gan_run.registry.plugins import Registry
from gan_run.registry.recipes import recipes
from gan_run.registry.schema import json_schema

PACKAGE = "vscode-json-languageservice"
SCRIPT = Path(__file__).parents[1] / "support" / "editor.cjs"

Small = Callable[..., dict[str, Any]]
Ask = Callable[..., list[dict[str, Any]]]


def output(*command: str | Path, modules: Path | None = None, given: str = "") -> str | None:
    """What a command prints; None if it fails."""
    environment = {**os.environ, **({"NODE_PATH": str(modules)} if modules else {})}
    done = subprocess.run(
        [*map(str, command)], input=given, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout if done.returncode == 0 else None


def found_in(modules: Path | None) -> bool:
    return output("node", "-e", f"require.resolve('{PACKAGE}')", modules=modules) is not None


@pytest.fixture(scope="module")
def node_modules(request: pytest.FixtureRequest) -> Path | None:
    """The folder of node's packages that has the engine; None where node finds it by itself."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    globally = Path((output("npm", "root", "-g") or "").strip())
    folder = request.config.cache.mkdir("npm")  # type: ignore[union-attr]  # pytest has a cache unless it is disabled
    with locked(folder / ".lock"):
        for modules in (None, globally, folder / "node_modules"):
            if found_in(modules):
                return modules
        output("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--fetch-retries=0", f"{PACKAGE}@5")
    if not found_in(folder / "node_modules"):
        pytest.skip(f"npm cannot install {PACKAGE} here")
    return folder / "node_modules"


@pytest.fixture(scope="module")
def ask(node_modules: Path | None, registry: Registry) -> Ask:
    """ask(spec, …) gives what is offered at the cursor, `|`, and what is wrong, for each spec."""
    whole = json_schema(registry.catalogue)

    def asked(*specs: object, schema: Mapping[str, object] = whole) -> list[dict[str, Any]]:
        texts = [spec if isinstance(spec, str) else json.dumps(spec) for spec in specs]
        answer = output("node", SCRIPT, modules=node_modules, given=json.dumps({"schema": schema, "specs": texts}))
        assert answer is not None
        answers: list[dict[str, Any]] = json.loads(answer)
        return answers

    return asked


def places(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each kind that a spec names: the spec, with the cursor in the type of a component of this kind."""
    here = {"type": "|"}
    penalised = {"type": "mutual-information", "codes": {"c": 1}, "augment": [here]}
    fidelity = {"type": "fid", "network": here}
    yield "data", {**spec, "data": here}
    yield "latent", {**spec, "latents": {"c": here}}
    yield "generator", {**spec, "generator": here}
    yield "trunk", {**spec, "discriminator": {"trunk": here, "head": {"type": "linear"}}}
    yield "head", {**spec, "discriminator": {"trunk": {"type": "mlp"}, "head": here}}
    yield "loss", {**spec, "losses": [{"type": "hinge"}, here]}
    yield "augmentation", {**spec, "losses": [penalised]}
    yield "optimizer", {**spec, "optimizers": {"generator": here}}
    yield "schedule", {**spec, "losses": [{"type": "hinge", "weight": here}]}
    yield "metric", {**spec, "metrics": [here]}
    yield "feature-network", {**spec, "metrics": [fidelity]}
    yield "artifact", {**spec, "artifacts": [here]}
    yield "callback", {**spec, "callbacks": [here]}


def test_all_components_of_all_kinds_are_offered_with_their_docs(ask: Ask, small: Small, registry: Registry) -> None:
    at = dict(places(small()))
    assert at.keys() == set(registry.catalogue.kinds()) - {"criterion", "fragrance"}  # these are not in a spec
    extending = {kind: {"extends": "quickstart", **spec} for kind, spec in at.items()}
    answers = ask(*at.values(), *extending.values())
    for kind, answer in zip([*at, *at], answers, strict=True):
        expected = {f'"{name}"': summary(entry.component) for name, entry in registry.catalogue.named(kind)}
        assert answer["offered"] == expected, kind
        assert all(expected.values()), kind


def test_a_misspelt_type_is_answered_with_the_valid_ones(ask: Ask, small: Small, registry: Registry) -> None:
    specs = [json.loads(json.dumps(spec).replace("|", "misspelt")) for _, spec in places(small())]
    for (kind, _), answer in zip(places(small()), ask(*specs), strict=True):
        valid = ", ".join(f'"{name}"' for name in sorted(registry.catalogue.names(kind)))
        assert f"Value is not accepted. Valid values: {valid}." in answer["mistakes"], kind


def test_fields_players_and_recipes_are_offered(ask: Ask, small: Small) -> None:
    fields, players, names = ask(
        json.dumps(small(losses=[{"type": "hinge"}])).replace('"hinge"', '"hinge", |'),
        json.dumps(small(optimizers={})).replace('"optimizers": {', '"optimizers": {|'),
        {"extends": "|"},
    )
    assert set(fields["offered"]) == {"weight", "every"}
    assert all(fields["offered"].values())
    assert set(players["offered"]) == {"generator", "discriminator"}
    assert set(names["offered"]) == {f'"{name}"' for name in recipes()}


def test_good_specs_have_no_mistakes_and_others_have(ask: Ask, small: Small) -> None:
    good = [small(), *(json.loads(item.read_text(encoding="utf-8")) for item in recipes().values())]
    short = {"extends": "quickstart", "train": {"batch_size": 4}, "generator": {"width": 2}}
    assert [answer["mistakes"] for answer in ask(*good, short)] == [[] for _ in (*good, short)]
    without = copy.deepcopy(small())
    del without["train"]["steps"]
    first, second = ask(without, {**short, "train": {"bach_size": 4}})
    assert first["mistakes"] == ['Missing property "steps".']
    assert second["mistakes"] == ["Property bach_size is not allowed."]

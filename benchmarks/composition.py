"""Whether everything composes with everything: every combination trains two steps, or is refused by a rule.

    python benchmarks/composition.py pairs                         # every pair of choices at least once: a minute
    python benchmarks/composition.py product > docs/composition.md  # the full product: see there how long it takes

What is installed is what is combined: the choices are read from the catalogue.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from allpairspy import AllPairs
from torch import nn

from gan_run import DataInfo, Spec, SpecError, read_spec, track_progress
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.nn.layers import NORMS
from gan_run.registry.plugins import Registry, load_plugins

Choice = Mapping[str, str]
"""One option of each axis, by the axis's name."""

NONE = "none"
SIZES = {"infogan-mnist": 28, "infogan-32": 32, "infogan-faces": 32, "infogan-chairs": 64}
"""Sides of the images of networks that take one size; the others get small ones."""
SMALL = 12
NARROW: Mapping[str, object] = {"width": 0.02}
CODES: Mapping[str, Mapping[str, object]] = {
    "categorical": {"type": "categorical", "classes": 3},
    "uniform": {"type": "uniform"},
    "gaussian": {"type": "gaussian", "learn_std": True},
    "bernoulli": {"type": "bernoulli"},
    "circular": {"type": "circular"},
}
CLASSES = 2
PLAIN = {"adversarial": "non-saturating", "network": "dcgan, layer norm"}
"""What goes with everything; of the other axes, the first option."""
ADAM = {"type": "adam", "lr": 1e-3}
PENALTY_FIELDS: Mapping[str, Mapping[str, object]] = {"consistency": {"augment": [{"type": "affine", "shift": 0.1}]}}
"""What has no default."""
PENALTIES = ("dragan", "gradient-penalty", "r1", "r2")
BATCH_NORMED = ("dcgan", *SIZES)
SHIFT_INVARIANT = ("wasserstein", "relativistic", "relativistic-average")


@dataclass(frozen=True)
class Rule:
    """Two choices that do not go together, and why."""

    choices: str
    reason: str
    says: str
    """Part of the message that refuses it."""
    applies: Callable[[Choice], bool]


RULES = (
    Rule(
        "a penalty on the discriminator's slope, and a trunk with batch norm",
        "A logit is then a function of the whole batch, so it has no gradient at its own image alone, and the norm of "
        "that gradient is what is penalised.",
        "a logit depends on the whole batch there",
        lambda choice: choice.get("penalty") in PENALTIES and choice.get("network") in BATCH_NORMED,
    ),
    Rule(
        "the head `patch`, and a trunk without maps",
        "It judges the places of the last map.",
        "has no maps",
        lambda choice: choice.get("head") == "patch" and choice.get("network") == "mlp",
    ),
    Rule(
        "`ada` that steers itself, and a loss of differences (`wasserstein`, `relativistic`, `relativistic-average`)",
        "It steers by the sign of real images' logits; adding a number to all logits changes nothing for the loss.",
        "under which the sign of a logit says nothing",
        lambda choice: choice.get("augment") == "ada" and choice.get("adversarial") in SHIFT_INVARIANT,
    ),
    Rule(
        "`discriminator.spectral_norm`, and the trunk `r3gan`",
        "Its residual blocks begin with a matrix of zeros, which cannot be divided by its largest singular value.",
        "have no singular value to divide by",
        lambda choice: choice.get("spectral norm") == "yes" and choice.get("network") == "r3gan",
    ),
)

STILL: Mapping[str, str] = {
    "wasserstein": "adding a number to all logits changes nothing",
    "relativistic": "adding a number to all logits changes nothing",
    "relativistic-average": "adding a number to all logits changes nothing",
    "hinge": "while all logits are within the margin, real and generated images pull it alike",
}
"""Adversarial losses that need not move the last bias of the head, and why."""


def axes(registry: Registry) -> dict[str, list[str]]:
    """The options of each axis that the full product takes."""
    losses = {plugin.name: [name.partition(":")[2] for name in plugin.components] for plugin in registry.plugins}
    generators, trunks = (set(registry.catalogue.names(kind)) for kind in ("generator", "trunk"))
    families = sorted(generators & trunks)
    return {
        "adversarial": sorted(losses["adversarial"]),
        "network": [*families, *(f"{family}, layer norm" for family in families if family in BATCH_NORMED)],
        "codes": [NONE, *CODES, "all"],
        "penalty": [NONE, *sorted([*losses["penalties"], *losses["regularizers"]])],
    }


def more_axes() -> dict[str, list[str]]:
    """What every pair is tried with besides."""
    return {
        "head": ["linear", "patch", "projection"],
        "spectral norm": ["no", "yes"],
        "augment": [NONE, "ada", "diffaugment"],
        "conditional": [NONE, "acgan", "infogan-cr", "ss-infogan"],
    }


def pairs(registry: Registry) -> Iterator[Choice]:
    """Choices that hold every pair of options of any two axes, those that are refused among them."""
    options = {**axes(registry), **more_axes()}

    def possible(row: list[str]) -> bool:
        return not refused(dict(zip(options, row, strict=False)))  # as far as it has come

    tried: set[frozenset[tuple[str, str]]] = set()
    for row in AllPairs(list(options.values()), filter_func=possible):
        choice = dict(zip(options, row, strict=True))
        tried.update(map(frozenset, itertools.combinations(choice.items(), 2)))
        yield choice
    # What cannot stand in such a row, or was left out, stands in plain surroundings.
    plain = {**{axis: names[0] for axis, names in options.items()}, **PLAIN}
    settings = [[(axis, option) for option in names] for axis, names in options.items()]
    for one, other in itertools.combinations(settings, 2):
        for pair in itertools.product(one, other):
            if frozenset(pair) not in tried:
                yield {**plain, **dict(pair)}


def refused(choice: Choice) -> bool:
    """Whether a rule applies, as far as a choice is made."""
    return any(rule.applies(choice) for rule in RULES)


def product(registry: Registry) -> Iterator[Choice]:
    """Every choice."""
    options = axes(registry)
    for row in itertools.product(*options.values()):
        yield dict(zip(options, row, strict=True))


def spec_of(choice: Choice, folder: Path) -> dict[str, object]:
    """The spec of a choice, as small as its networks can be; its images are in `folder`."""
    family, _, norm = choice["network"].partition(", ")
    network = {"type": family, **({"hidden": [8]} if family == "mlp" else NARROW)}
    trunk = {**network, **({"norm": "layer"} if norm else {})}
    conditional = choice.get("conditional", NONE)
    names = list(CODES) if choice["codes"] == "all" else [] if choice["codes"] == NONE else [choice["codes"]]
    latents: dict[str, object] = {"z": {"type": "gaussian", "count": 4}, **{name: CODES[name] for name in names}}
    codes = dict.fromkeys(names, 1.0)
    losses: list[dict[str, object]] = [{"type": choice["adversarial"]}]
    if choice["penalty"] != NONE:
        losses.append({"type": choice["penalty"], **PENALTY_FIELDS.get(choice["penalty"], {})})
    if conditional == "acgan" or choice.get("head") == "projection":
        latents["label"] = {"type": "label"}
    if conditional == "acgan":
        losses.append({"type": "acgan"})
    if conditional == "ss-infogan":
        latents["kind"] = {"type": "categorical", "classes": CLASSES}
        codes["kind"] = 1.0
        losses.append({"type": "ss-infogan", "code": "kind", "labelled": 2})
    if conditional == "infogan-cr":
        latents["pair"] = {"type": "uniform", "count": 2}
        losses.append({"type": "infogan-cr", "codes": ["pair"], "trunk": trunk})
    if codes:
        losses.append({"type": "mutual-information", "codes": codes})
    players = ["generator", "discriminator", *(["pair-discriminator"] if conditional == "infogan-cr" else [])]
    size = SIZES.get(family, SMALL)
    return {
        "name": "composition",
        "data": {"type": "array", "path": str(folder / f"{size}.npz"), "labels": "labels"},
        "latents": latents,
        "generator": network,
        "discriminator": {
            "trunk": trunk,
            "head": {"type": choice.get("head", "linear")},
            "spectral_norm": choice.get("spectral norm") == "yes",
            "augment": [] if choice.get("augment", NONE) == NONE else [{"type": choice["augment"]}],
        },
        "losses": losses,
        "optimizers": dict.fromkeys(players, ADAM),
        "train": {"steps": 2, "batch_size": 4, "device": "cpu"},
    }


def write_images(folder: Path) -> None:
    """Noise of every size, in two classes."""
    stream = np.random.default_rng(0)
    for size in {SMALL, *SIZES.values()}:
        images = stream.integers(0, 256, (40, size, size, 1), dtype=np.uint8)
        np.savez(folder / f"{size}.npz", images=images, labels=np.arange(40) % CLASSES)


def try_out(choice: Choice, folder: Path, registry: Registry) -> str | None:
    """What is wrong with a choice, if anything: it is refused or runs where it should not, or does not run well."""
    rules = [rule for rule in RULES if rule.applies(choice)]
    try:
        spec = read_spec(spec_of(choice, folder), registry=registry)
        info = spec.data.describe()
        if problems := spec.data_problems(info):
            raise SpecError(problems)
    except SpecError as refused:
        messages = [problem.message for problem in refused.problems]
        wrong = [message for message in messages if not any(rule.says in message for rule in rules)]
        silent = [rule.choices for rule in rules if not any(rule.says in message for message in messages)]
        return f"refused by no rule: {wrong}; not refused, against a rule: {silent}" if wrong or silent else None
    if rules:
        return f"not refused, against a rule: {rules[0].choices}"
    return train_two_steps(choice, spec, info)


def train_two_steps(choice: Choice, spec: Spec, info: DataInfo) -> str | None:
    """What is wrong with the first two steps: a loss that is not finite, a parameter that nothing moves."""
    training = Training(spec, info, spec.data.open("train"))
    still = {name for player in training.players for name in player.parameters}
    for _ in range(2):
        scalars = read_scalars(training.advance())
        if infinite := [name for name, value in scalars.items() if not np.isfinite(value)]:
            return f"not finite: {infinite}"
        for player in training.players:
            for name, parameter in player.parameters.items():
                if parameter.grad is not None and parameter.grad.any():
                    still.discard(name)
    still -= biases_beside_batch_norms(training.game)
    if choice["adversarial"] in STILL:
        still.discard("discriminator.head.layer.bias")
    if choice.get("head") == "patch":  # the feature vector may be of no use to anybody
        still = {name for name in still if not name.startswith("discriminator.trunk.last")}
    return f"no gradient: {sorted(still)}" if still else None


def biases_beside_batch_norms(game: nn.Module) -> set[str]:
    """The biases of networks that have batch norms: one takes out whatever the bias right before it puts in."""
    parts = {"stack.generator", "discriminator.trunk", "terms.mutual-information.q", "terms.infogan-cr.pairs"}
    normed = [
        f"{part}."
        for part in parts
        if any(isinstance(layer, NORMS) and name.startswith(f"{part}.") for name, layer in game.named_modules())
    ]
    return {name for name, _ in game.named_parameters() if name.endswith(".bias") and name.startswith(tuple(normed))}


def report(registry: Registry, folder: Path) -> str:
    """The full product, as docs/composition.md has it. Ends the program where anything is wrong."""
    begin, choices = time.monotonic(), list(product(registry))
    cells: Counter[tuple[str, str]] = Counter()
    for choice in track_progress(choices, "composing"):
        if wrong := try_out(choice, folder, registry):
            sys.exit(f"{dict(choice)}: {wrong}")
        cells[choice["network"], choice["penalty"]] += not refused(choice)
    return render(axes(registry), cells, len(choices), time.monotonic() - begin)


def render(options: Mapping[str, list[str]], cells: Counter[tuple[str, str]], count: int, seconds: float) -> str:
    """The page."""
    each = len(options["adversarial"]) * len(options["codes"])
    penalties = " | ".join(f"`{name}`" if name != NONE else "no penalty" for name in options["penalty"])
    adversarial = options["adversarial"]
    lines = [
        "# What composes with what",
        "",
        "    python benchmarks/composition.py product > docs/composition.md",
        "",
        f"Each of {count} combinations was trained for two steps with finite losses and a gradient in every trained",
        f"parameter, or was refused by a rule before the first: {seconds / 60:.0f} minutes on one CPU core.",
        "",
        f"Each cell is of {each}: each of {len(adversarial)} adversarial losses ({listed(adversarial)})",
        f"with no codes, one code of each kind ({listed(list(CODES))}), and all of them.",
        "",
        f"| network | {penalties} |",
        "| --- |" + " --- |" * len(options["penalty"]),
    ]
    for network in options["network"]:
        found = [cells[network, penalty] for penalty in options["penalty"]]
        lines.append(f"| {network} | " + " | ".join(str(ran) if ran else "refused" for ran in found) + " |")
    lines += ["", "## What is refused, and why", ""]
    lines += [f"- **{rule.choices}**: {rule.reason}" for rule in RULES]
    lines += [
        "",
        "Beyond this product, the tests try every pair of choices among these, heads, spectral norm, augmentations and",
        "conditional losses.",
        "",
        "## Parameters that a loss need not move",
        "",
        *(f"- The last bias of the head under `{loss}`: {why}." for loss, why in STILL.items()),
        "- Biases in networks with batch norms: one takes out again what the bias right before it puts in.",
    ]
    return "\n".join(lines)


def listed(names: list[str]) -> str:
    """`a`, `b`."""
    return ", ".join(f"`{name}`" for name in names)


def main() -> None:
    """Pairs or product."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pairs", "product"])
    what = parser.parse_args().what
    torch.set_num_threads(1)
    registry = load_plugins()
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder))
        if what == "product":
            print(report(registry, Path(folder)))
            return
        choices = list(pairs(registry))
        wrong = [f"{dict(choice)}: {found}" for choice in choices if (found := try_out(choice, Path(folder), registry))]
        sys.exit("\n".join(wrong) if wrong else f"all well in {len(choices)} combinations")


if __name__ == "__main__":
    main()

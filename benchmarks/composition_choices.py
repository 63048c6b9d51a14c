"""The choices that benchmarks/composition.py tries out, the rules that refuse some, and the spec of each choice."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from allpairspy import AllPairs

from gan_run.registry.plugins import Registry

Choice = Mapping[str, str]
"""One option of each axis, by the axis's name."""

NONE = "none"
SIZES = {"infogan-mnist": 28, "infogan-32": 32, "infogan-faces": 32, "infogan-chairs": 64, "infogan-sprites": 64}
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
PLAIN = {"adversarial": "non-saturating", "network": "style"}
"""What goes with everything; of the other axes, the first option."""
ADAM = {"type": "adam", "lr": 1e-3}
PENALTY_FIELDS: Mapping[str, Mapping[str, object]] = {"consistency": {"augment": [{"type": "affine", "shift": 0.1}]}}
"""What has no default."""
PENALTIES = ("dragan", "gradient-penalty", "r1", "r2")
WRAPPERS = {"pretrained"}
"""Networks that are others with weights of a file."""
BATCH_NORMED = ("dcgan", *(network for network in SIZES if network != "infogan-sprites"))
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
        "a gradient penalty, and a trunk with batch norm",
        "A logit is then a function of the whole batch, so it has no gradient at its own image alone, and the norm of "
        "that gradient is what is penalised.",
        "each logit depends on the whole batch there",
        lambda choice: choice.get("penalty") in PENALTIES and choice.get("network") in BATCH_NORMED,
    ),
    Rule(
        "the head `patch`, and a trunk without maps",
        "It judges the places of the last map.",
        "has no feature maps",
        lambda choice: choice.get("head") == "patch" and choice.get("network") == "mlp",
    ),
    Rule(
        "`ada` that steers itself, and a loss of differences (`wasserstein`, `relativistic`, `relativistic-average`)",
        "It steers by the sign of real images' logits; adding a number to all logits changes nothing for the loss.",
        "where a logit's sign means nothing",
        lambda choice: choice.get("augment") == "ada" and choice.get("adversarial") in SHIFT_INVARIANT,
    ),
    Rule(
        "`discriminator.spectral_norm`, and the trunk `r3gan`",
        "Its residual blocks begin with a matrix of zeros, which cannot be divided by its largest singular value.",
        "whose largest singular value is zero",
        lambda choice: choice.get("spectral norm") == "yes" and choice.get("network") == "r3gan",
    ),
    Rule(
        "`path-length`, and a generator without styles",
        "What has a length is the path of the images of a moving style; of our generators, `style` has styles.",
        "has no styles",
        lambda choice: choice.get("penalty") == "path-length" and choice.get("network", "style") != "style",
    ),
)


def axes(registry: Registry) -> dict[str, list[str]]:
    """The options of each axis that the full product takes."""
    losses = {plugin.name: [name.partition(":")[2] for name in plugin.components] for plugin in registry.plugins}
    generators, trunks = (set(registry.catalogue.names(kind)) for kind in ("generator", "trunk"))
    families = sorted((generators & trunks) - WRAPPERS)
    return {
        "adversarial": sorted(losses["adversarial"]),
        "network": [*families, *(f"{family}, layer norm" for family in families if family in BATCH_NORMED)],
        "codes": [NONE, *CODES, "all"],
        "penalty": [NONE, *sorted([*losses["penalties"], *losses["regularizers"]])],
    }


def more_axes() -> dict[str, list[str]]:
    """The options of the axes that only pairs are tried of."""
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
        return not refused(dict(zip(options, row, strict=False)))  # as far as it is filled

    tried: set[frozenset[tuple[str, str]]] = set()
    for row in AllPairs(list(options.values()), filter_func=possible):
        choice = dict(zip(options, row, strict=True))
        tried.update(map(frozenset, itertools.combinations(choice.items(), 2)))
        yield choice
    # A pair that is in no such row is tried with plain options on the other axes.
    plain = {**{axis: names[0] for axis, names in options.items()}, **PLAIN}
    settings = [[(axis, option) for option in names] for axis, names in options.items()]
    for one, other in itertools.combinations(settings, 2):
        for pair in itertools.product(one, other):
            if frozenset(pair) not in tried:
                yield {**plain, **dict(pair)}


def refused(choice: Choice) -> bool:
    """Whether a rule applies to a choice, which may lack axes."""
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

"""Whether everything composes with everything: every combination trains two steps, or is refused by a rule.

    python benchmarks/composition.py pairs                         # every pair of choices at least once: a minute
    python benchmarks/composition.py product > docs/composition.md  # the full product; the page gives its time

The choices are those of the installed plugins, by composition_choices.py.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import torch
from torch import nn

from gan_run import DataInfo, Spec, SpecError, read_spec, track_progress
from gan_run.benchmarks.composition_choices import (
    CODES,
    NONE,
    RULES,
    Choice,
    axes,
    pairs,
    product,
    refused,
    spec_of,
    write_images,
)
from gan_run.core.engine.training import Training, read_scalars
from gan_run.core.nn.layers import NORMS
from gan_run.registry.plugins import Registry, load_plugins

CORES = os.cpu_count() or 1
STILL: Mapping[str, str] = {
    "wasserstein": "adding a number to all logits changes nothing",
    "relativistic": "adding a number to all logits changes nothing",
    "relativistic-average": "adding a number to all logits changes nothing",
    "hinge": "while all logits are within the margin, real and generated images pull it alike",
}
"""Adversarial losses that need not move the last bias of the head, and why."""


def try_out(choice: Choice, folder: Path, registry: Registry) -> str | None:
    """The problem of a choice, or None: it is refused or accepted against the rules, or does not train."""
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
    """The problem of the first two steps: a loss that is not finite, or a parameter without gradient."""
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
    if choice.get("head") == "patch":  # this head may not use the feature vector
        still = {name for name in still if not name.startswith("discriminator.trunk.last")}
        if choice["adversarial"] in STILL:  # a bias of the last map shifts all logits alike
            biases = {name for name in still if name.startswith("discriminator.trunk.") and name.endswith(".bias")}
            still -= biases
    return f"no gradient: {sorted(still)}" if still else None


def biases_beside_batch_norms(game: nn.Module) -> set[str]:
    """The biases of networks that have batch norms, which subtract the bias right before them."""
    parts = {"stack.generator", "discriminator.trunk", "terms.mutual-information.q", "terms.infogan-cr.pairs"}
    normed = [
        f"{part}."
        for part in parts
        if any(isinstance(layer, NORMS) and name.startswith(f"{part}.") for name, layer in game.named_modules())
    ]
    return {name for name, _ in game.named_parameters() if name.endswith(".bias") and name.startswith(tuple(normed))}


@cache
def plugins() -> Registry:
    """The installed plugins, loaded once in each process."""
    return load_plugins()


def try_out_apart(choice: Choice, folder: Path) -> str | None:
    """`try_out` in a process of its own."""
    return try_out(choice, folder, plugins())


def report(registry: Registry, folder: Path) -> str:
    """The full product, as docs/composition.md has it. Ends the program where anything is wrong."""
    begin, choices = time.monotonic(), list(product(registry))
    cells: Counter[tuple[str, str]] = Counter()
    with Pool(CORES, torch.set_num_threads, (1,)) as pool:
        results = pool.imap(partial(try_out_apart, folder=folder), choices, chunksize=20)
        for choice in track_progress(choices, "composing"):
            if wrong := next(results):
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
        f"parameter, or was refused by a rule before the first: {seconds / 60:.0f} minutes on {CORES} CPU cores.",
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
        "- The biases of the trunk's last map with the head `patch`, under the same losses: they shift all "
        "logits alike.",
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

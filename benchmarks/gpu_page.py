"""The page that benchmarks/gpu.py writes: docs/benchmarks-gpu.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import geometric_mean

from gan_run.benchmarks.gpu_cases import VARIANTS, Case, Network, Result

PAPER_STEPS = 5000
"""Of the paper's MNIST experiment (Chen et al. 2016, appendix C.1)."""
PAPER_NETWORK = "infogan-mnist"
WORTH, HARM = 1.03, 0.98
"""An option is recommended if it is so much faster in the mean over networks, and with none slower than that."""


@dataclass(frozen=True)
class Choice:
    """A field of `train` that may become a default, and the variants with and without it."""

    setting: str
    variant: str
    beside: str


CHOICES = (
    Choice("train.precision=tf32", "tf32", "fp32"),
    Choice("train.precision=bf16", "bf16", "tf32"),
    Choice("train.channels_last=true", "tf32, channels last", "tf32"),
    Choice("train.cudnn_benchmark=true", "tf32, cudnn.benchmark", "tf32"),
    Choice("train.compile=true", "tf32, compiled", "tf32"),
    Choice("train.reuse_fakes=true", "tf32, fakes reused", "tf32"),
)


@dataclass(frozen=True)
class Beside:
    """infogan-mnist beside an implementation of benchmarks/plain_infogan.py, in the same precision."""

    implementation: str
    precision: str
    ours: float
    theirs: float


@dataclass
class Found:
    """All that was found so far."""

    machine: Mapping[str, str]
    networks: Mapping[str, Network]
    dry: bool = False
    tests: str = "not run yet"
    results: dict[Case, Result] = field(default_factory=dict)
    beside: list[Beside] = field(default_factory=list)
    beside_reason: str = "not run yet"
    """Why `beside` is not whole; empty if it is."""
    seconds: float = 0.0

    def pace(self, network: str, variant: str) -> float | None:
        """Images per second, if the case was timed."""
        result = self.results.get(Case(network, variant))
        return result.images_per_second if result is not None and result.status == "timed" else None


def page(found: Found) -> str:
    """The page in Markdown, of whatever was found so far."""
    parts = (_head, _tests, _table, _beside, _paper, _recommendation, _missing)
    return "\n".join(line for part in parts for line in part(found)) + "\n"


def _head(found: Found) -> Iterator[str]:
    yield from ("# Benchmarks on a GPU", "")
    if found.dry:
        yield from ("**A dry run: networks are tiny and nothing is compiled, so that its numbers mean nothing.**", "")
    yield from ("    python benchmarks/gpu.py", "", f"wrote this page in {found.seconds:.0f} s. Machine:", "")
    yield from (f"- {name}: {value}" for name, value in found.machine.items())
    yield ""
    yield "Images are uint8 noise of each spec's shape, with ten classes: no data is at hand on a bare machine, and"
    yield "pixel values do not change the time of a step. `fp32` is float32 throughout; `tf32` computes matrix products"
    yield "and convolutions of float32 tensors in TF32 (torch's own default does so for convolutions only). Networks:"
    yield ""
    yield from (f"- `{name}`: {network.description}" for name, network in found.networks.items())
    yield ""


def _tests(found: Found) -> Iterator[str]:
    yield from ("## Tests that need a GPU", "", found.tests, "")


def _table(found: Found) -> Iterator[str]:
    yield from ("## Images per second", "")
    yield "In brackets: the share of what a large matrix product reaches on this device in the same precision, and the"
    yield "memory of tensors at most."
    yield ""
    yield f"| | {' | '.join(f'`{name}`' for name in found.networks)} |"
    yield "| --- |" + " --- |" * len(found.networks)
    for variant in VARIANTS:
        cells = [_cell(found.results.get(Case(name, variant))) for name in found.networks]
        yield f"| {variant} | {' | '.join(cells)} |"
    yield ""


def _cell(result: Result | None) -> str:
    if result is None or result.status == "not run":
        return "not run"
    if result.status == "failed":
        return "failed"
    return f"{result.images_per_second:.0f} ({result.share_of_peak:.1%}, {result.memory / 2**20:.0f} MiB)"


def _beside(found: Found) -> Iterator[str]:
    yield from ("## Beside plain loops", "")
    yield f"`{PAPER_NETWORK}` and the implementations of benchmarks/plain_infogan.py on the same device, in the same"
    yield "precision, each in a process of its own."
    yield ""
    if found.beside:
        yield from ("| implementation | precision | gan-run, images/s | it, images/s | ratio |", "|" + " --- |" * 5)
        for each in found.beside:
            ratio = each.ours / each.theirs
            yield f"| `{each.implementation}` | {each.precision} | {each.ours:.0f} | {each.theirs:.0f} | {ratio:.2f} |"
        yield ""
    if found.beside_reason:
        yield from (f"Not all was run: {found.beside_reason}", "")


def _paper(found: Found) -> Iterator[str]:
    yield from (f"## The paper's {PAPER_STEPS:,} steps", "")
    size = found.networks[PAPER_NETWORK].batch_size
    timed = {variant: found.pace(PAPER_NETWORK, variant) for variant in VARIANTS}
    rows = [f"| {variant} | {PAPER_STEPS * size / pace:.0f} |" for variant, pace in timed.items() if pace]
    yield f"`{PAPER_NETWORK}` in batches of {size}, by the paces above, without start-up, compilation and evaluation."
    yield from ("", "| | seconds |", "| --- | --- |", *rows, "")


def _recommendation(found: Found) -> Iterator[str]:
    yield from ("## What the defaults should be on this device", "")
    yield f"An option is recommended if it is at least {WORTH:g} times as fast in the geometric mean over the networks,"
    yield f"and with none of them less than {HARM:g} times. This is about the time of a step alone: bf16 and reused"
    yield "fakes change what is learnt, and compilation takes long at the start."
    yield ""
    yield from ("| setting | beside | mean ratio | lowest | networks | |", "|" + " --- |" * 6)
    for choice in CHOICES:
        ratios = _ratios(found, choice)
        if ratios:
            mean, lowest = geometric_mean(ratios), min(ratios)
            verdict = "**recommended**" if mean >= WORTH and lowest >= HARM else "not recommended"
            numbers = f"{mean:.2f} | {lowest:.2f} | {len(ratios)} of {len(found.networks)}"
        else:
            numbers, verdict = " | | 0", "not measured"
        yield f"| `{choice.setting}` | {choice.beside} | {numbers} | {verdict} |"
    yield ""


def _ratios(found: Found, choice: Choice) -> Sequence[float]:
    pairs = [(found.pace(name, choice.variant), found.pace(name, choice.beside)) for name in found.networks]
    return [mine / other for mine, other in pairs if mine and other]


def _missing(found: Found) -> Iterator[str]:
    missing = [result for result in found.results.values() if result.status != "timed"]
    if missing:
        yield from ("## Not measured", "")
        yield from (f"- {each.case.network}, {each.case.variant}: {each.status}: {each.reason}" for each in missing)

"""What benchmarks/gpu.py times: networks, the options of each, and one measurement."""

import gc
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from gan_run import Spec, read_spec
from gan_run.bench.measure import time_steps
from gan_run.bench.peak import matrix_peak, peak_memory
from gan_run.core.base.cuda_settings import cuda_settings
from gan_run.core.base.device import Precision, compute_dtype
from gan_run.core.kinds.callback import Callback
from gan_run.core.run.dry_run import dry_run

EXAMPLES = Path(__file__).parent.parent / "examples"
CLASSES = 10


@dataclass(frozen=True)
class Network:
    """An example spec whose data is replaced by noise, and what else is replaced in it."""

    example: str
    side: int
    channels: int
    images: int
    batch_size: int
    width: float
    blocks: int | None = None

    @property
    def description(self) -> str:
        """For the page."""
        blocks = "" if self.blocks is None else f", {self.blocks} blocks at each size"
        size = f"{self.channels}x{self.side}x{self.side}"
        return (
            f"examples/{self.example}.json at width {self.width:g}{blocks}: images {size}, batches of {self.batch_size}"
        )


NETWORKS: Mapping[str, Network] = {
    "infogan-mnist": Network("infogan-mnist", 28, 1, 60_000, 128, 1.0),
    "infogan-32": Network("infogan-svhn", 32, 3, 60_000, 128, 1.0),
    "sn-resnet at 32": Network("sngan", 32, 3, 60_000, 64, 1.0),
    "r3gan at 64": Network("r3gan", 64, 3, 10_000, 64, 0.25, 2),
    "r3gan at 128": Network("r3gan", 128, 3, 4_000, 32, 0.25, 2),
}

Options = Mapping[str, object]

VARIANTS: Mapping[str, Options] = {
    "fp32": {"precision": "fp32"},
    "tf32": {"precision": "tf32"},
    "bf16": {"precision": "bf16"},
    "tf32, channels last": {"precision": "tf32", "channels_last": True},
    "tf32, cudnn.benchmark": {"precision": "tf32", "cudnn_benchmark": True},
    "bf16, channels last, cudnn.benchmark": {"precision": "bf16", "channels_last": True, "cudnn_benchmark": True},
    "tf32, fakes reused": {"precision": "tf32", "reuse_fakes": True},
    "tf32, compiled": {"precision": "tf32", "compile": True},
    "bf16, compiled": {"precision": "bf16", "compile": True},
}
"""Fields of `train` by the name of a variant, in the order in which they are timed: the cheapest to start first."""


@dataclass(frozen=True)
class Case:
    """One network in one variant."""

    network: str
    variant: str


@dataclass(frozen=True)
class Result:
    """What came of a case: its pace, or why there is none. `status` is the one or the other."""

    case: Case
    status: Literal["timed", "failed", "not run"]
    reason: str = ""
    steps: int = 0
    steps_per_second: float = 0.0
    images_per_second: float = 0.0
    share_of_peak: float = 0.0
    memory: int = 0
    """Bytes: the most that tensors took on the device."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Result":
        """Back from `to_json`."""
        fields = json.loads(text)
        return cls(**{**fields, "case": Case(**fields["case"])})


def cases(networks: Mapping[str, Network]) -> Iterator[Case]:
    """Every network in every variant, each variant of all networks before the next variant."""
    for variant in VARIANTS:
        for network in networks:
            yield Case(network, variant)


def tiny() -> Mapping[str, Network]:
    """The same networks so narrow that a CPU takes a step of each in a moment."""
    return {
        name: Network(each.example, each.side, each.channels, 40, 4, 0.02, None if each.blocks is None else 1)
        for name, each in NETWORKS.items()
    }


def write_noise(network: Network, folder: Path) -> Path:
    """A file of `network.images` images of uint8 noise with labels, made once."""
    path = folder / f"noise-{network.channels}x{network.side}-{network.images}.npz"
    if not path.exists():
        stream = np.random.default_rng(0)
        shape = (network.images, network.side, network.side, network.channels)
        labels = np.arange(network.images) % CLASSES
        np.savez(path, images=stream.integers(0, 256, shape, dtype=np.uint8), labels=labels)
    return path


def spec_of(network: Network, options: Options, device: str, folder: Path) -> Spec:
    """The example's spec on noise, with `options` in `train`."""
    content = json.loads((EXAMPLES / f"{network.example}.json").read_text(encoding="utf-8"))
    noise = str(write_noise(network, folder))
    content["data"] = {"type": "array", "path": noise, "labels": "labels"}
    for part in (content["generator"], content["discriminator"]["trunk"]):
        part["width"] = network.width
        if network.blocks is not None:
            part["blocks"] = network.blocks
    content["metrics"] = content["artifacts"] = []
    content["train"] |= {"device": device, "batch_size": network.batch_size, **options}
    return read_spec(content)


class Timer:
    """Times cases on one device.

    Args:
        networks: The networks by name.
        device: A torch device.
        folder: Where the noise is written.
        seconds: About how long a case is timed, beside its start; None to time `most` steps.
        most: The most steps that are timed.
        rows: Of the matrices whose product is the peak; None for large ones.
    """

    def __init__(
        self,
        networks: Mapping[str, Network],
        device: str,
        folder: Path,
        seconds: float | None,
        most: int,
        rows: int | None = None,
    ) -> None:
        self._networks = networks
        self._device = torch.device(device)
        self._folder = folder
        self._seconds = seconds
        self._most = most
        self._rows = rows
        self._steps: dict[str, int] = {}

    def time(self, case: Case) -> Result:
        """The pace of `case`; failures of torch are a Result too."""
        network = self._networks[case.network]
        try:
            return self._time(case, network)
        except Exception as error:  # out of memory, a compiler's: the page says so, and the next case is timed
            first_line = str(error).strip().partition("\n")[0]
            return Result(case, "failed", f"{type(error).__name__}: {first_line[:200]}")
        finally:
            torch.compiler.reset()  # what was compiled keeps its memory otherwise
            gc.collect()

    def _time(self, case: Case, network: Network) -> Result:
        spec = spec_of(network, VARIANTS[case.variant], str(self._device), self._folder)
        steps = self._steps.get(case.network) or self._calibrate(case.network, network)
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        pace = time_steps(spec, steps, Callback())
        memory = peak_memory(self._device)
        flops = self._flops(case.network, spec.train.reuse_fakes)
        peak = self._peak(spec.train.precision)
        share = flops * pace.steps_per_second / peak
        return Result(case, "timed", "", steps, pace.steps_per_second, pace.images_per_second, share, memory)

    def _calibrate(self, name: str, network: Network) -> int:
        """How many steps take about as long as a case is to be timed, by a few in TF32."""
        if self._seconds is None:
            return self._most
        quick = time_steps(spec_of(network, VARIANTS["tf32"], str(self._device), self._folder), 2, Callback())
        self._steps[name] = max(2, min(self._most, round(self._seconds * quick.steps_per_second)))
        return self._steps[name]

    @cache  # noqa: B019  # there is one Timer in a process, and it lives as long
    def _flops(self, name: str, reuse_fakes: bool) -> int:
        options = {"precision": "fp32", "reuse_fakes": reuse_fakes}
        return dry_run(spec_of(self._networks[name], options, str(self._device), self._folder)).flops

    @cache  # noqa: B019  # likewise
    def _peak(self, precision: Precision) -> float:
        with cuda_settings(self._device, precision, cudnn_benchmark=False):
            return matrix_peak(self._device, compute_dtype(precision), self._rows)

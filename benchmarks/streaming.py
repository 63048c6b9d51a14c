"""Whether a set of images larger than memory trains as fast as one in memory, and how much memory it takes.

    python benchmarks/streaming.py [--gib 20] [--delay 5] [--rounds 5] [--steps 50]

A sparse file stands for the set: its size is real to a reader, but it takes no room on the disk. The paper's
MNIST networks are trained on it, on the same file with a delay of some milliseconds per batch and, in alternation, on
60,000 images in memory, each time in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Literal

import torch

from gan_run import DataInfo, DataSource, ImageSet, ImageShape, ImageStore, StoredImages, read_spec
from gan_run.bench.measure import time_steps
from gan_run.bench.peak import peak_memory
from gan_run.core.kinds.callback import Callback

IMAGE = ImageShape(1, 28, 28)
IN_MEMORY = 60_000
CPU = torch.device("cpu")


class Blank(DataSource):
    """Black images: so many in a sparse file, or in memory."""

    type: Literal["blank"] = "blank"
    file: Path | None = None
    delay: float = 0

    def describe(self) -> DataInfo:
        return DataInfo(IMAGE, {"train": self._count(), "test": self._count()})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        if self.file is None:
            return ImageSet(torch.zeros((IN_MEMORY, *IMAGE), dtype=torch.uint8))
        return ImageSet(Delayed(StoredImages(self.file, IMAGE, self._count()), self.delay))

    def _count(self) -> int:
        return IN_MEMORY if self.file is None else self.file.stat().st_size // (28 * 28)


class Delayed:
    """A store that takes some seconds longer for each batch, as one behind a network or one that decodes does."""

    def __init__(self, store: ImageStore, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self.shape, self.dtype = store.shape, store.dtype

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        time.sleep(self._seconds)
        return self._store[rows]


def run(file: Path | None, delay: float, steps: int) -> dict[str, float]:
    """Images per second, and what memory grew by from before the data was looked at to its peak."""
    recipe = Path(__file__).parent.parent / "examples" / "infogan-mnist.json"
    content = json.loads(recipe.read_text(encoding="utf-8"))
    content["data"] = {"type": "blank", "file": None if file is None else str(file), "delay": delay}
    content["metrics"] = []
    spec = read_spec(content, ["train.precision=fp32"], components=[Blank])
    before = peak_memory(CPU)
    pace = time_steps(spec, steps, Callback())
    return {"images_per_second": pace.images_per_second, "grew_by": peak_memory(CPU) - before}


def main() -> None:
    """All three, by turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=20)
    parser.add_argument("--delay", type=float, default=5, help="milliseconds per batch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--one", help=argparse.SUPPRESS)  # one of the three, in this process: a file, or "memory"
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(run(None if args.one == "memory" else Path(args.one), args.delay / 1000, args.steps)))
        return
    found: dict[str, list[dict[str, float]]] = {"memory": [], "file": [], "delayed": []}
    with TemporaryDirectory() as folder:
        sparse = Path(folder) / "images"
        with sparse.open("wb") as file:
            file.truncate(int(args.gib * 2**30))
        for _ in range(args.rounds):
            for side, one, delay in (("memory", "memory", 0), ("file", sparse, 0), ("delayed", sparse, args.delay)):
                command = [sys.executable, __file__, "--one", one, "--delay", delay, "--steps", args.steps]
                done = subprocess.run([str(each) for each in command], check=True, capture_output=True, text=True)
                found[side].append(json.loads(done.stdout))
                print(side, found[side][-1], file=sys.stderr)
    pace = {side: median(each["images_per_second"] for each in rounds) for side, rounds in found.items()}
    grew = {side: max(each["grew_by"] for each in rounds) / 2**20 for side, rounds in found.items()}
    print(f"in memory {pace['memory']:.1f} images/s; of {args.gib:g} GiB in a file {pace['file']:.1f} images/s,")
    print(f"{pace['file'] / pace['memory']:.3f} times as fast;")
    print(f"{pace['delayed'] / pace['memory']:.3f} times as fast if each batch takes {args.delay:g} ms longer to read")
    print(
        f"memory grew by {grew['memory']:.0f} MiB and {grew['file']:.0f} MiB: {grew['file'] - grew['memory']:.0f} more"
    )


if __name__ == "__main__":
    main()

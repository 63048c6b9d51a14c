"""Whether a set of images larger than memory trains as fast as one in memory, and how much memory it takes.

    python benchmarks/streaming.py [--gib 20] [--rounds 5] [--steps 50]

A sparse file stands for the set: its size is real to a reader, but it takes no room on the disk. The paper's
MNIST networks are trained on it and, in alternation, on 60,000 images in memory, each time in a process of its own.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Literal

import torch

from gan_run import DataInfo, DataSource, ImageSet, ImageShape, StoredImages, read_spec
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

    def describe(self) -> DataInfo:
        return DataInfo(IMAGE, {"train": self._count(), "test": self._count()})

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        if self.file is None:
            return ImageSet(torch.zeros((IN_MEMORY, *IMAGE), dtype=torch.uint8))
        return ImageSet(StoredImages(self.file, IMAGE, self._count()))

    def _count(self) -> int:
        return IN_MEMORY if self.file is None else self.file.stat().st_size // (28 * 28)


def run(file: Path | None, steps: int) -> dict[str, float]:
    """Images per second, and what memory grew by from before the data was looked at to its peak."""
    recipe = Path(__file__).parent.parent / "examples" / "infogan-mnist.json"
    content = json.loads(recipe.read_text(encoding="utf-8"))
    content["data"] = {"type": "blank", "file": None if file is None else str(file)}
    content["metrics"] = []
    spec = read_spec(content, ["train.precision=fp32"], components=[Blank])
    before = peak_memory(CPU)
    pace = time_steps(spec, steps, Callback())
    return {"images_per_second": pace.images_per_second, "grew_by": peak_memory(CPU) - before}


def main() -> None:
    """Both, by turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--one", help=argparse.SUPPRESS)  # one of the two, in this process: a file, or "memory"
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(run(None if args.one == "memory" else Path(args.one), args.steps)))
        return
    found: dict[str, list[dict[str, float]]] = {"memory": [], "file": []}
    with TemporaryDirectory() as folder:
        sparse = Path(folder) / "images"
        with sparse.open("wb") as file:
            file.truncate(int(args.gib * 2**30))
        for _ in range(args.rounds):
            for side, one in (("memory", "memory"), ("file", str(sparse))):
                command = [sys.executable, __file__, "--one", one, "--steps", str(args.steps)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found[side].append(json.loads(done.stdout))
                print(side, found[side][-1], file=sys.stderr)
    pace = {side: median(each["images_per_second"] for each in rounds) for side, rounds in found.items()}
    grew = {side: max(each["grew_by"] for each in rounds) / 2**20 for side, rounds in found.items()}
    print(f"in memory {pace['memory']:.1f} images/s; of {args.gib:g} GiB in a file {pace['file']:.1f} images/s,")
    print(f"{pace['file'] / pace['memory']:.3f} times as fast")
    print(
        f"memory grew by {grew['memory']:.0f} MiB and {grew['file']:.0f} MiB: {grew['file'] - grew['memory']:.0f} more"
    )


if __name__ == "__main__":
    main()

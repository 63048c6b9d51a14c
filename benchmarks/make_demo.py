"""Make the run of `gan-run demo` from a trained one.

    gan-run benchmarks/demo.yaml
    gan-run label runs/demo category --from-data
    gan-run label runs/demo c1=slant c2=width
    python benchmarks/make_demo.py runs/demo

writes src/gan_run/demo/run: the run as it would be published, without training state, and its parts of the explorer.
It needs the extras onnx and quickstart.
"""

import shutil
import sys
from pathlib import Path

from gan_run.explorer.parts import parts_of
from gan_run.hub.publishing import write_published
from gan_run.loading import load_run
from gan_run.registry.plugins import load_plugins

TARGET = Path(__file__).parent.parent / "src" / "gan_run" / "demo" / "run"
LARGEST = 2_500_000
"""Bytes."""


def main(run: str) -> None:
    """Write the published form of a run, and its parts of the explorer, into the package."""
    registry = load_plugins()
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    write_published(load_run(run, registry, device="cpu"), registry, TARGET)
    parts_of(load_run(TARGET, registry, device="cpu"), "test")
    size = sum(file.stat().st_size for file in TARGET.rglob("*") if file.is_file())
    print(f"{TARGET}: {size:,} bytes")
    if size > LARGEST:
        raise SystemExit(f"the demo may have at most {LARGEST:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])

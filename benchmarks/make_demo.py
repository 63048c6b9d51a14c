"""Make the run of `gan-run demo` from a trained one.

    gan-run examples/quickstart.json --set name=demo --set generator.width=0.125 --set discriminator.trunk.width=0.125
    gan-run label runs/demo category --from-data
    python benchmarks/make_demo.py runs/demo

writes src/gan_run/demo/run: the published form of the run, and its parts of the explorer.
"""

from pathlib import Path

LARGEST = 2_500_000
"""Bytes."""
TARGET = Path(__file__).parent.parent / "src" / "gan_run" / "demo" / "run"

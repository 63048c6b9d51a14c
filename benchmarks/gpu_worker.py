"""A process that times cases for benchmarks/gpu.py: a line of JSON for each result."""

import argparse
import json
from pathlib import Path

from gan_run.benchmarks.gpu_cases import NETWORKS, Case, Timer, tiny

TINY_ROWS = 64
"""Of the matrices whose product is the peak in a dry run."""


def main() -> None:
    """Time what is named, in order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the noise is, or is written")
    parser.add_argument(
        "--seconds", type=float, help="about how long each case is timed; if it is left out, --most steps"
    )
    parser.add_argument("--most", type=int, required=True, help="the most steps of a case")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--cases", required=True, help="a list of pairs of network and variant, in JSON")
    args = parser.parse_args()
    networks, rows = (tiny(), TINY_ROWS) if args.tiny else (NETWORKS, None)
    timer = Timer(networks, args.device, args.folder, args.seconds, args.most, rows)
    for network, variant in json.loads(args.cases):
        print(timer.time(Case(network, variant)).to_json(), flush=True)


if __name__ == "__main__":
    main()

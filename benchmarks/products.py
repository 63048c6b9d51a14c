"""How much of a step's time goes to matrix products and convolutions, and how fast they are: a bound
on what changes to the rest of the program can gain. On a CPU, in fp32.

    python benchmarks/products.py examples/infogan-mnist.json [--set data.root=DATA] [--steps 20]
"""

import argparse
import json
import time

import torch
from torch.profiler import ProfilerActivity, profile

from gan_run import read_spec
from gan_run.bench.peak import matrix_peak
from gan_run.core.engine.training import Training
from gan_run.core.kinds.data_source import Splits
from gan_run.core.run.dry_run import dry_run
from gan_run.core.run.resolve import check_against_data, with_train

PRODUCTS = {"aten::mm", "aten::addmm", "aten::bmm", "aten::convolution", "aten::convolution_backward"}
WARMUP = 5
CPU = torch.device("cpu")


def main() -> None:
    """Print both as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="PLACE=VALUE")
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    spec = with_train(read_spec(args.spec, args.overrides), device="cpu", precision="fp32", compile=False)
    data = Splits(spec.data)
    training = Training(spec, check_against_data(spec, data), data["train"])
    for _ in range(WARMUP):
        training.advance()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        begin = time.perf_counter()
        for _ in range(args.steps):
            training.advance()
        whole = time.perf_counter() - begin
    spent = sum(event.cpu_time_total for event in profiler.key_averages() if event.key in PRODUCTS) / 1e6
    reached = dry_run(spec, data).flops * args.steps / spent
    print(
        json.dumps(
            {
                "share_of_time": spent / whole,
                "flops": reached,
                "share_of_peak": reached / matrix_peak(CPU, torch.float32),
            }
        )
    )


if __name__ == "__main__":
    main()

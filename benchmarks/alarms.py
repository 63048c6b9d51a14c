"""What alarms measure on finished runs, and how long a check takes: the numbers of "When training goes wrong".

python benchmarks/alarms.py readings RUN…   of the finished models, on the training images of their specs
python benchmarks/alarms.py cost SPEC…      a check as a share of 50 training steps, in CPU time on one thread
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import torch

from gan_run import DeclaredCallback, Diagnostics, RunStarted, Spec, Splits, StepLogged, load, load_plugins, read_spec
from gan_run.core.engine.diagnostics import diagnose
from gan_run.core.engine.training import Training
from gan_run.core.run.dispatcher import Moment

CHECKED_EVERY = 50
WARMUP, TIMED = 2, 10


class Check:
    """One check of all alarms, at the last step of a run."""

    def __init__(self, spec: Spec) -> None:
        self.reports: dict[str, Mapping[str, float]] = {}
        alarms = load_plugins().catalogue.find("callback", "alarms").model_validate({})
        assert isinstance(alarms, DeclaredCallback)
        self._watch = alarms.build()
        self._steps = spec.train.steps
        self._watch.run_started(RunStarted(**self._moment(0), spec=spec))

    def take(self, diagnostics: Diagnostics) -> None:
        """Let the alarms measure."""
        self._watch.step_logged(
            StepLogged(
                **self._moment(self._steps),
                losses={},
                controls={},
                images_per_second=1.0,
                steps_per_second=1.0,
                diagnostics=lambda: diagnostics,
            )
        )

    def _moment(self, step: int) -> Moment:
        return Moment(
            folder=Path(),
            step=step,
            steps=self._steps,
            model=_nothing,
            end_training=_nothing,
            report_alarm=self._keep,
        )

    def _keep(self, alarm: str, message: str | None, readings: Mapping[str, float]) -> None:
        self.reports[alarm] = readings


def _nothing() -> NoReturn:
    raise AssertionError("no alarm asks for it")


def readings(run: Path) -> str:
    """What the alarms measure of a finished run's model, but for what only training shows."""
    spec = read_spec(json.loads((run / "spec.json").read_text(encoding="utf-8")))
    images = Splits(spec.data)["train"]
    torch.manual_seed(0)
    real = images.batch(torch.randperm(images.count)[:64]).images
    check = Check(spec)
    check.take(
        Diagnostics(model=load(run).with_batch_statistics, real=real, gradient_norms={}, discriminator_slope=None)
    )
    collapse = check.reports.pop("collapse")
    found = [f"distance {collapse['samples'] / collapse['data']:.2f} of the data's"]
    for alarm, values in check.reports.items():
        found.append(f"{alarm}: {', '.join(f'{name} {value:.2f}' for name, value in values.items())}")
    return "; ".join(found)


def cost(path: Path) -> str:
    """The CPU time of a step and of a check."""
    spec = read_spec(path, ["train.device=cpu", "train.precision=fp32"])
    data = Splits(spec.data)
    with Training(spec, data.info, data.training_images) as training:
        steps = []
        for _ in range(WARMUP + TIMED):
            began = time.process_time()
            losses = training.advance()
            steps.append(time.process_time() - began)
        step = sum(steps[WARMUP:]) / TIMED
        checks = []
        for _ in range(3):
            check, began = Check(spec), time.process_time()
            check.take(diagnose(training, losses))
            checks.append(time.process_time() - began)
    once = min(checks)
    return f"step {step * 1e3:.0f} ms, check {once * 1e3:.0f} ms: {once / (CHECKED_EVERY * step):.2%}"


def main() -> None:
    """Print one line for each run or spec."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["readings", "cost"])
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for path in options.paths:
        print(f"{path}: {(readings if options.what == 'readings' else cost)(path)}", flush=True)


if __name__ == "__main__":
    main()

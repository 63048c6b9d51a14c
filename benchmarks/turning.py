"""Does a circular code turn what is drawn? A regression fitted on real images reads the angle off each frame.

    python benchmarks/turning.py RUN --code turn --column azimuth_deg

The regression, a small convolutional network, learns the cosine and sine of the column on the training images of the
run's data, and is scored on its test images. The code then goes round in `--frames` equal steps, with everything else
held, for each of `--draws` draws of the rest. A step is forward if the angle that is read off changes in the direction
of most steps; a turn is monotone if each of its steps is forward, and complete if they add up to 360 degrees.
"""

import argparse
import math
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from gan_run import ImageSet, Model, Splits, load_plugins
from gan_run.benchmarks.image_measures import logits, train_regression
from gan_run.loading import load_run

CPU = torch.device("cpu")


class Turning(NamedTuple):
    """How the angle of the frames follows the code."""

    forward: float
    """Share of steps that are forward."""
    monotone: float
    """Share of draws whose steps are all forward."""
    complete: float
    """Share of draws that turn by 360 degrees, once, in the direction of most steps."""


def turning(angles: Tensor) -> Turning:
    """Judge angles in radians, (draws, frames), of frames whose last is followed by the first."""
    steps = angles.roll(-1, dims=1) - angles
    steps = torch.atan2(steps.sin(), steps.cos())  # the shorter way round
    steps = steps * steps.sign().sum().sign()
    complete = (steps.sum(dim=1) - 2 * math.pi).abs() < 1e-3
    forward = steps > 0
    return Turning(
        forward.double().mean().item(), forward.all(dim=1).double().mean().item(), complete.double().mean().item()
    )


def frames(model: Model, code: str, draws: int, count: int) -> Tensor:
    """Images of one turn of a code for each draw of the rest, (draws * count, C, H, W), draw by draw."""
    values = {name: value.repeat_interleave(count, dim=0) for name, value in model.sample_latents(draws).items()}
    angle = torch.arange(count) * (2 * math.pi / count) - math.pi
    values[code] = angle.repeat(draws).to(values[code])
    return model.generate(values)


def main() -> None:
    """Fit the regression, and print how the code turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--code", required=True)
    parser.add_argument("--column", required=True, help="an angle in degrees")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()

    def on_circle(images: ImageSet) -> Tensor:
        angle = images.columns[arguments.column].float().deg2rad()
        return torch.stack([angle.cos(), angle.sin()], dim=1)

    for run in arguments.runs:
        torch.manual_seed(0)
        loaded = load_run(run, load_plugins())
        data = Splits(loaded.spec.data)
        regression, r2 = train_regression(data["train"], data["test"], on_circle, arguments.epochs)
        drawn = frames(loaded.model, arguments.code, arguments.draws, arguments.frames)
        cosine, sine = logits(regression, drawn, CPU).unbind(dim=1)
        found = turning(torch.atan2(sine, cosine).view(arguments.draws, arguments.frames))
        print(f"{run}, step {loaded.step}: {arguments.draws} turns of {arguments.frames} frames")
        print(f"  steps forward {found.forward:.1%}, monotone {found.monotone:.1%}, complete {found.complete:.1%}")
        print(f"  test R2 of the regression: cosine {r2[0]:.3f}, sine {r2[1]:.3f}")


if __name__ == "__main__":
    main()

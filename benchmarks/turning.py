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
from torch import Tensor, nn

from gan_run import Model, Splits, load_plugins
from gan_run.benchmarks.image_measures import fit, logits, network
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


def train_regression(data: Splits, column: str, epochs: int) -> tuple[nn.Module, float]:
    """A network that reads cosine and sine of an angle off images, and its R2 on the test images."""
    train, test = data["train"], data["test"]
    angles = {images: images.columns[column].float().deg2rad() for images in (train, test)}
    wanted, held_out = (torch.stack([angles[each].cos(), angles[each].sin()], dim=1) for each in (train, test))
    regression = network(train.image.channels, 2)

    def loss(rows: Tensor) -> Tensor:
        return nn.functional.mse_loss(regression(train.batch(rows).images), wanted[rows])

    fit(regression, train.count, epochs, loss)
    found = logits(regression, test.batch(torch.arange(test.count)).images, CPU)
    return regression, 1 - ((found - held_out).square().sum() / (held_out - held_out.mean(0)).square().sum()).item()


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
    for run in arguments.runs:
        torch.manual_seed(0)
        loaded = load_run(run, load_plugins())
        regression, r2 = train_regression(Splits(loaded.spec.data), arguments.column, arguments.epochs)
        drawn = frames(loaded.model, arguments.code, arguments.draws, arguments.frames)
        cosine, sine = logits(regression, drawn, CPU).unbind(dim=1)
        found = turning(torch.atan2(sine, cosine).view(arguments.draws, arguments.frames))
        print(f"{run}, step {loaded.step}: {arguments.draws} turns of {arguments.frames} frames")
        print(f"  steps forward {found.forward:.1%}, monotone {found.monotone:.1%}, complete {found.complete:.1%}")
        print(f"  test R2 of the regression {r2:.3f}")


if __name__ == "__main__":
    main()

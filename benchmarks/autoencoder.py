"""A plain autoencoder beside `ali`: the same encoder and generator, trained by the mean squared error.

    python benchmarks/autoencoder.py RUN [--steps N]

RUN is a run with the loss `ali`. The networks are built anew from its spec and trained together on its training images
to reconstruct them, as many steps as the run; printed is the mean squared error on test images, as the metric
`reconstruction` measures it, of the autoencoder, of the run, and of the mean image.
"""

import argparse
from pathlib import Path

import torch

from gan_run import Metric, Splits, UpdateContext, load_plugins
from gan_run.core.engine.training import Training
from gan_run.core.engine.update import sample_inputs
from gan_run.loading import load_run


def train_autoencoder(training: Training, steps: int) -> None:
    """Train the encoder of the loss `ali` and the generator, as the generator's player would, by the squared error."""
    player = next(player for player in training.players if player.generates)
    optimizer = torch.optim.Adam(player.parameters.values(), lr=1e-3)
    game = training.game
    for step in range(steps):
        batch = training.feed.batch(step)
        inputs = sample_inputs(game, "generator", batch, (), generates=True)
        update = UpdateContext(game.stack, game.discriminator, inputs, game.term("ali").observe)
        loss = (update.generate(update.observed) - batch.images).square().mean()
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * (1 - step / steps)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()


def main() -> None:
    """Train the autoencoder and print the three errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, help="Default: as many as the run took.")
    arguments = parser.parse_args()

    plugins = load_plugins()
    loaded = load_run(arguments.run, plugins)
    data = Splits(loaded.spec.data)
    metric = next(part for _, part in loaded.spec.find_all(Metric) if part.name() == "reconstruction")
    with Training(loaded.spec, data.info, data["train"]) as training:
        train_autoencoder(training, arguments.steps or loaded.step)
        model = training.model()
    for name, of in (("autoencoder", model), ("ali", loaded.model)):
        found = metric.measure(of, data)
        print(f"{name}: mean squared error {found['mean_squared_error']:.4f}")
    print(f"the mean image: {found['mean_image']:.4f}, on {found['measured_on']}")


if __name__ == "__main__":
    main()

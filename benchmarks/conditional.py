"""Does a conditional GAN draw what it is asked for? A regression fitted on real images reads it off.

    python benchmarks/conditional.py RUN --columns azimuth=azimuth_deg elevation=elevation_deg

RUN is a run with latents of type `factor`; each pair is a latent and the column of its data. The regression, a small
convolutional network, is fitted on the training images of the run's data and scored on its test images (R2). It then
reads images that the run's model draws: Spearman's correlation of what was asked for and what is read, and the root
mean squared difference.
"""

import argparse
from pathlib import Path

import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from gan_run import ImageSet, Splits, load_plugins
from gan_run.benchmarks.image_measures import BATCH, network
from gan_run.runs import load_run


def train_regression(images: ImageSet, values: Tensor, epochs: int) -> nn.Module:
    """A regression of standardised values (M, K) on images, with a learning rate that falls linearly to 0."""
    model = network(images.image.channels, values.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    batches = [batch for _ in range(epochs) for batch in torch.split(torch.randperm(images.count), BATCH)]
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / len(batches))
        loss = (model(images.batch(batch).images) - values[batch]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@torch.no_grad()
def read(model: nn.Module, images: Tensor) -> Tensor:
    """Standardised values (N, K) of float images."""
    return torch.cat([model(chunk) for chunk in torch.split(images, 500)])


def main() -> None:
    """Fit the regression, and print what it reads off generated images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--columns", nargs="+", required=True, metavar="LATENT=COLUMN")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    pairs = dict(pair.split("=") for pair in arguments.columns)

    loaded = load_run(arguments.run, load_plugins())
    data = Splits(loaded.spec.data)
    train, test = data["train"], data["test"]
    torch.manual_seed(0)

    def known(images: ImageSet) -> Tensor:
        return torch.stack([images.columns[column].float() for column in pairs.values()], dim=1)

    mean, std = known(train).mean(0), known(train).std(0)
    regression = train_regression(train, (known(train) - mean) / std, arguments.epochs)
    real = read(regression, test.batch(torch.arange(test.count)).images) * std + mean
    r2 = 1 - (real - known(test)).square().mean(0) / known(test).var(0)

    asked = loaded.model.sample_latents(arguments.samples)
    found = read(regression, loaded.model.generate(asked)) * std + mean
    print(f"{arguments.run}, step {loaded.step}: {arguments.samples} images")
    for index, latent in enumerate(pairs):
        rho = spearmanr(asked[latent].numpy(), found[:, index].numpy()).statistic
        error = (asked[latent] - found[:, index]).square().mean().sqrt()
        print(f"  {latent}: |rho| {abs(rho):.3f}, error {error:.1f}; test R2 of the regression {r2[index]:.3f}")


if __name__ == "__main__":
    main()

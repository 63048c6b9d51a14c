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
from torch import Tensor

from gan_run import ImageSet, Splits, load_plugins
from gan_run.benchmarks.image_measures import logits, train_regression
from gan_run.loading import load_run


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
    regression, r2 = train_regression(train, test, lambda images: (known(images) - mean) / std, arguments.epochs)

    asked = loaded.model.sample_latents(arguments.samples)
    found = logits(regression, loaded.model.generate(asked), torch.device("cpu")) * std + mean
    print(f"{arguments.run}, step {loaded.step}: {arguments.samples} images")
    for index, latent in enumerate(pairs):
        rho = spearmanr(asked[latent].numpy(), found[:, index].numpy()).statistic
        error = (asked[latent] - found[:, index]).square().mean().sqrt()
        print(f"  {latent}: |rho| {abs(rho):.3f}, error {error:.1f}; test R2 of the regression {r2[index]:.3f}")


if __name__ == "__main__":
    main()

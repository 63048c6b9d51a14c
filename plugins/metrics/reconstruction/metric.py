"""The metric `reconstruction`."""

from typing import Literal

import torch
from pydantic import Field

from gan_run import Headline, Measurement, Metric, Model, Split, Splits


class Reconstruction(Metric):
    """The mean squared error between real images and those generated from their encoded latents, per pixel, images in
    [-1, 1].

    Latents that no encoder recovers are drawn: the error is small where those that are encoded determine the image, as
    with the loss `ali`. `mean_image` is the error of the mean training image in place of every reconstruction.
    """

    headlines = (Headline("mean_squared_error", better="lower"),)
    type: Literal["reconstruction"] = "reconstruction"
    split: Split = Field(default="test", description="The split whose images are reconstructed.")

    def measure(self, model: Model, data: Splits) -> Measurement:
        images, train = data[self.split], data["train"]
        mean = torch.stack([train.batch(rows).images.cpu().sum(0) for rows in _chunks(train.count, model)]).sum(0)
        mean = mean / train.count
        errors, baseline = [], []
        for rows in _chunks(images.count, model):
            real = images.batch(rows).images.cpu()
            errors.append((model.reconstruct(real) - real).square().flatten(1).mean(1))
            baseline.append((mean - real).square().flatten(1).mean(1))
        return {
            "mean_squared_error": torch.cat(errors).double().mean().item(),
            "mean_image": torch.cat(baseline).double().mean().item(),
            "measured_on": {"split": self.split, "images": images.count},
        }


def _chunks(count: int, model: Model) -> tuple[torch.Tensor, ...]:
    return torch.split(torch.arange(count), model.chunk_size)

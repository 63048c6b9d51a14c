"""A metric."""

from typing import Literal

from pydantic import Field

from gan_run import Measurement, Metric, Model, Splits


class Mine(Metric):
    """Mean brightness of samples and of test images, from -1 (black) to 1 (white)."""

    type: Literal["mine"] = "mine"
    samples: int = Field(default=1000, ge=1, description="Number of samples.")

    def measure(self, model: Model, data: Splits) -> Measurement:
        images = data["test"].images
        return {
            "samples": float(model.sample(self.samples).mean()),
            "test_images": float(images.double().mean() / 127.5 - 1),
            "measured_on": {"samples": self.samples, "test_images": len(images)},
        }

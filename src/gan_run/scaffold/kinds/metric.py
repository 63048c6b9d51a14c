"""A metric."""

from typing import Literal

from gan_run import Measurement, Metric, Model, Splits


class Mine(Metric):
    """How bright samples are on average, and how bright the test images are; -1 is black."""

    type: Literal["mine"] = "mine"
    samples: int = 1000

    def measure(self, model: Model, data: Splits) -> Measurement:
        images = data["test"].images
        return {
            "samples": float(model.sample(self.samples).mean()),
            "test_images": float(images.double().mean() / 127.5 - 1),
            "measured_on": {"samples": self.samples, "test_images": len(images)},
        }

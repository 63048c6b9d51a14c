"""What an explorer's page in a browser shows."""

import json
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from browser import Watched
from gan_run import Model


def wait(watched: Watched) -> None:
    """Until the page shows what was asked of it."""
    watched.page.wait_for_selector("body.ready")
    # A script, and no predicate: the page's policy forbids to evaluate text.
    watched.page.evaluate(
        "async () => { while (!window.explorer.scheduler.idle) await new Promise((go) => setTimeout(go, 20)); }"
    )


def values_of(watched: Watched, model: Model) -> dict[str, Tensor]:
    """The values of all latents that the page has, one sample."""
    values = json.loads(watched.page.evaluate("JSON.stringify(window.explorer.values)"))
    found = {}
    for name, numbers in values.items():
        latent = model.latents[name]
        value = torch.tensor(numbers, dtype=torch.float32 if latent.cardinality is None else torch.int64)
        found[name] = value.view(1, -1) if latent.count > 1 else value
    return found


def drawn(watched: Watched, canvas: str) -> NDArray[Any]:
    """The pixels of a canvas, (H, W, 3) uint8."""
    (only,) = all_drawn(watched, canvas)
    return only


def all_drawn(watched: Watched, canvases: str) -> list[NDArray[Any]]:
    """The pixels of each of several canvases, (H, W, 3) uint8."""
    script = """canvases => canvases.map((canvas) => {
      const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return [canvas.height, canvas.width, Array.from(data)];
    })"""
    found = watched.page.locator(canvases).evaluate_all(script)
    return [np.array(data, dtype=np.uint8).reshape(height, width, 4)[..., :3] for height, width, data in found]

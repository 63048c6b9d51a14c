"""What a page knows of a model, as JSON."""

import base64
import math
from collections.abc import Sequence

from pydantic import JsonValue

from gan_run.core.base.randomness import isolated_rng
from gan_run.core.images.grid import shown_channels
from gan_run.core.kinds.model import Model
from gan_run.encoding.encoded import EncodedImages
from gan_run.explorer.codes import describe_codes
from gan_run.explorer.pictures import describe_decoder
from gan_run.export.tracing import Traced

DRAWN = 128
"""Samples of the prior in a page, from which it takes noise: a browser cannot draw from the prior of any latent."""
RGBA = 4


def describe(model: Model, traced: Sequence[Traced], encoded: EncodedImages | None) -> dict[str, JsonValue]:
    """Describe a model to its page, but for names, which a user may change.

    Args:
        model: The model.
        traced: Its networks, as exported.
        encoded: Real images with their codes; None if the page shows none.

    Returns:
        A JSON object.
    """
    networks: dict[str, JsonValue] = {one.name: {"anyBatch": one.any_batch} for one in traced}
    channels = [*shown_channels(model.image.channels)]
    shown: list[JsonValue] = [*(channels * 3 if len(channels) == 1 else channels), None]
    return {
        "image": list(model.image),
        "shown": shown[:RGBA],
        "generator": networks["generator"],
        "encoder": networks.get("encoder"),
        "latents": _describe_latents(model),
        "codes": describe_codes(model, encoded),
        "decoder": describe_decoder(model.reader.decoder),
    }


def _describe_latents(model: Model) -> dict[str, JsonValue]:
    with isolated_rng("explorer"):
        drawn = model.sample_latents(DRAWN)
    described: dict[str, JsonValue] = {}
    for name, values in drawn.items():
        latent = model.latents[name]
        shape = values.shape[1:]
        described[name] = {
            "size": math.prod(shape),
            "shape": list(shape),
            "discrete": latent.cardinality is not None,
            "period": latent.period,
            "draws": base64.b64encode(values.cpu().numpy().astype("<f4").tobytes()).decode(),
        }
    return described

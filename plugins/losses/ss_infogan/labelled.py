"""The labelled images of ss-InfoGAN."""

import torch
from torch import Tensor

from gan_run import Column, DataError, ImageSet, LatentModule, is_known, permutation


def choose(images: ImageSet, name: str, column: Column, labelled: int, draw: int) -> ImageSet:
    """Choose the labelled images among those whose value is known.

    Args:
        images: The training images.
        name: The column's name.
        column: Its description.
        labelled: Number of images per category; in all, if the column has none.
        draw: Seed of the choice.

    Returns:
        The chosen images, category by category.

    Raises:
        DataError: There are fewer images.
    """
    values = images.columns[name].cpu()
    known = is_known(values)
    groups: dict[int | str, Tensor] = {"all": known}
    if column.kind == "categorical":
        groups = {category: values == category for category in range(int(values.max()) + 1)}
    chosen = []
    for group, belongs in groups.items():
        (members,) = belongs.nonzero(as_tuple=True)
        if len(members) < labelled:
            which = f"class {group}" if column.kind == "categorical" else f"{name!r}"
            raise DataError(f"ss-infogan: {which} has {len(members)} training images, not {labelled} to label")
        chosen.append(members[permutation(len(members), "labelled", draw, group)[:labelled]])
    return images.select(torch.cat(chosen), images.mirrored)


def as_code(images: ImageSet, name: str, column: Column, latent: LatentModule) -> ImageSet:
    """The same images, with the column's numbers as values of a code.

    Args:
        images: The labelled images.
        name: The column's name.
        column: Its description.
        latent: The code's latent.

    Returns:
        Images with this column alone.
    """
    values = images.columns[name]
    if column.kind == "angle":
        assert latent.period is not None, "check_data refuses a code without period"
        values = values * (latent.period / 360)
    if column.kind == "continuous":
        low, high = latent.traversal_values(2).tolist()
        smallest, largest = values.min(), values.max()
        values = low + (values - smallest) / (largest - smallest).clamp_min(1e-12) * (high - low)
    if values.is_floating_point():
        values = values.float()
    return ImageSet(images.images, {name: values}, images.mirrored, images.codec)

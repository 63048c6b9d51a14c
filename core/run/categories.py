"""A categorical code as a classifier of real images, and its categories matched to the classes of the data."""

from typing import NamedTuple

import torch
from torch import Tensor

from gan_run.core.base.errors import CodeError, DataError
from gan_run.core.images.columns import is_known
from gan_run.core.images.image_set import ImageSet
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model


class AssignedImages(NamedTuple):
    """Real images by category and by class.

    Attributes:
        categories: The most likely category of each image, int64 (N,).
        labels: The class of each image, int64 (N,).
        cardinality: How many categories the code has.
    """

    categories: Tensor
    labels: Tensor
    cardinality: int


def assign_categories(model: Model, code: str, images: ImageSet) -> AssignedImages:
    """Encode the most likely category of every image whose class is known, mirrored copies left out.

    Args:
        model: A model that encodes `code`.
        code: A categorical latent with one copy, or a copy of one: `category[0]`.
        images: A split with labels. It is encoded in random order, drawn from torch's global stream, and in equal
            chunks, so that batch statistics depend neither on how a dataset is sorted nor on a small last chunk.

    Raises:
        CodeError: The code is not categorical, has several copies, or no loss trains an encoder of it.
        DataError: The images have no labels.
    """
    code_dim = _categorical(model, code)
    if images.labels is None:
        raise DataError("the data has no labels to compare with")
    encoded, labels = model.encode_set(images, shuffle=True), images.labels.cpu()
    categories, known = model.latents.value_of(encoded, code_dim), is_known(labels)
    cardinality = model.latents[code_dim.name].cardinality
    assert cardinality is not None
    return AssignedImages(categories[known], labels[known], cardinality)


def contingency(assigned: AssignedImages, classes: int) -> Tensor:
    """How many images of each category are of each class, int64 (categories, classes)."""
    pairs = assigned.categories * classes + assigned.labels
    return torch.bincount(pairs, minlength=assigned.cardinality * classes).view(assigned.cardinality, classes)


def match_classes(counts: Tensor) -> list[int | None]:
    """Match categories to classes one to one, such that the most images agree (Kuhn 1955).

    Args:
        counts: As `contingency` gives them.

    Returns:
        The class of each category; None for categories left over where they outnumber classes.
    """
    # scipy.optimize takes longer to import than everything that a command needs at its start.
    from scipy.optimize import linear_sum_assignment

    matching: list[int | None] = [None] * len(counts)
    for category, label in zip(*linear_sum_assignment(counts.numpy(), maximize=True), strict=True):
        matching[category] = int(label)
    return matching


def _categorical(model: Model, code: str) -> CodeDim:
    """The dimension that `code` names. Raises CodeError as `assign_categories` does."""
    code_dim, *more = model.latents.code_dims([code])
    if model.latents[code_dim.name].cardinality is None:
        raise CodeError(f"{code!r} is not categorical")
    if more:
        raise CodeError(f"{code!r} has {1 + len(more)} copies: name one, {code_dim}")
    return model.code_dims([code])[0]

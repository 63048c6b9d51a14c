"""Names of categories that are read off the classes of the data, and names that are older than a checkpoint."""

from collections.abc import Iterable, Iterator, Sequence

from gan_run.core.base.errors import DataError
from gan_run.core.base.randomness import isolated_rng
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import Split
from gan_run.core.kinds.code_names import INDEX, CodeName, CodeNames, FoundNames
from gan_run.core.kinds.latent_space import CodeDim, LatentSpace
from gan_run.core.kinds.model import Model
from gan_run.core.run.categories import assign_categories, contingency, match_classes

SPLIT: Split = "train"
"""The images by which categories are named: there are most of them."""


def names_by_classes(
    model: Model,
    names: CodeNames,
    code_dim: CodeDim,
    images: ImageSet,
    classes: Sequence[str],
    *,
    step: int,
    keep_given: bool = False,
) -> CodeNames:
    """Name each category after the class that it is matched to, one to one.

    Args:
        model: The model.
        names: The names so far.
        code_dim: A categorical code.
        images: The split `SPLIT` of the data.
        classes: The names of the classes.
        step: The step of the model's checkpoint.
        keep_given: Whether names that a user gave stay.

    Returns:
        `names`, with those that were found. Categories that outnumber classes get none.

    Raises:
        CodeError: The code is not categorical, or no loss trains an encoder of it.
        DataError: The images have no labels.
    """
    if not classes:
        raise DataError("the data has no labels to name categories by")
    with isolated_rng("label"):
        counts = contingency(assign_categories(model, str(code_dim), images), len(classes))
    given = names.codes.get(str(code_dim), CodeName()).given_values if keep_given else {}
    named, purity = dict[int, str](), dict[int, float]()
    for category, label in enumerate(match_classes(counts)):
        if label is not None and category not in given:
            named[category] = classes[label]
            purity[category] = round(float(counts[category, label] / counts[category].sum().clamp_min(1)), 4)
    found = FoundNames(step=step, split=SPLIT, images=int(counts.sum()), purity=purity)
    return names.with_found(code_dim, named, found)


def older_names(names: CodeNames, step: int, run: object) -> Iterator[str]:
    """A sentence for the names of each code that are not those of a checkpoint, with the remedy.

    Args:
        names: The names.
        step: The step of the checkpoint.
        run: The run folder, for the remedy.
    """
    for code, named in names.codes.items():
        if named.found is not None and named.found.step != step:
            yield (
                f"names of {code} were found at step {named.found.step}, the checkpoint is at {step}: "
                f"run gan-run label {run}"
            )
        if named.given and named.step not in (None, step):
            again = " ".join(f"'{code}{text}'" for text in named.given)
            yield (
                f"{code} was named at step {named.step}, the checkpoint is at {step}: if its names still hold, "
                f"run gan-run label {run} {again}"
            )


def weak_names(names: CodeNames, values: Iterable[tuple[CodeDim, float]]) -> Iterator[str]:
    """A sentence for each of some categories whose name is weak.

    Args:
        names: The names.
        values: The categories, or values of other codes.
    """
    for code_dim, value in values:
        if names.is_weak(code_dim, value):
            found = names.codes[str(code_dim)].found
            assert found is not None
            share = f"{found.purity[int(value)]:.0%} of {code_dim}{INDEX}{int(value)}"
            yield f"{share} are {names.value_name(code_dim, value)}, by {found.images} images of {found.split}"


def unnamed(names: CodeNames, latents: LatentSpace) -> Iterator[str]:
    """A sentence for each category that has no name although others were named by data.

    Args:
        names: The names.
        latents: The model's latents.
    """
    for code_dim in latents.code_dims():
        named = names.codes.get(str(code_dim), CodeName())
        for category in range(latents[code_dim.name].cardinality or 0):
            if named.found is not None and category not in named.values:
                yield f"{code_dim}{INDEX}{category} has no name: there are more categories than classes"

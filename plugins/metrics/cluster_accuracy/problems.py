"""Mistakes in what a spec says of a categorical code that is compared with classes."""

from collections.abc import Iterable

from gan_run import DataInfo, DataSource, Latent, Problem, SpecView, Split


def code_problems(spec: SpecView, code: str) -> Iterable[Problem]:
    """The problems of the field `code` that the spec shows."""
    yield from spec.check_code(code, "code")
    latent = spec.find(Latent, "latents", code)
    if latent is not None and latent.count > 1:
        yield Problem(("code",), f"{code!r} has {latent.count} copies: name one, {code}[0]")


def data_problems(spec: SpecView, data: DataInfo, code: str, **splits: Split) -> Iterable[Problem]:
    """The problems of the field `code` and of fields that name splits, which the data shows."""
    latents = spec.latent_space(data)
    if data.class_names is None:
        yield Problem(("type",), "the data has no labels")
    elif latents[latents.code_dims([code])[0].name].cardinality is None:
        yield Problem(("code",), f"{code!r} is not categorical")
    held_out = spec.part(DataSource, "data").validation
    sizes = {**data.sizes, "validation": held_out} if held_out else data.sizes
    for field, split in splits.items():
        if why := data.why_no_set(split):
            yield Problem((field,), why)
        elif not sizes.get(split):
            hint = ": set data.validation" if split == "validation" else ""
            yield Problem((field,), f"the {split} split is empty{hint}")

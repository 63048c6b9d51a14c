"""Generated datasets: what `gan-run sample --out` and `gan_run.sample_dataset` write."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gan_run.code_choice import categorical_dim
from gan_run.core.base.errors import GanRunError
from gan_run.core.base.progress import track_progress
from gan_run.core.kinds.latent_space import CodeDim
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.numbered_samples import Wanted
from gan_run.sampling.requests import new_samples, read_codes
from gan_run.sampling.trained_range import outside_training
from gan_run.sampling.writers import writer_for

COUNT = 64
"""How many images are drawn where nothing says how many."""


@dataclass(frozen=True)
class Asked:
    """The samples that are asked for."""

    count: int
    samples: Iterable[Wanted]
    notes: Sequence[str]
    """A sentence for each code that has values which training never drew."""


def sample_dataset(
    model: Model,
    out: Path | str,
    n: int | None = None,
    *,
    seed: int = 0,
    codes: Mapping[str, float | str] | None = None,
    balance: str | None = None,
    per_class: int | None = None,
    codes_file: Path | str | None = None,
    channels: Sequence[int] | None = None,
    options: Mapping[str, float] | None = None,
) -> Path:
    """Write generated images with their codes into files, as `gan-run sample --out` does.

    The i-th image depends on the seed, i and its codes alone. Memory holds 32 images at a time, but for a picture of
    all.

    Args:
        model: The model.
        out: A new folder, for one PNG per image and labels.csv; an .npz file, for images and the values of all latents;
            or a picture.
        n: How many; by default 64.
        seed: The seed of the latents.
        codes: Codes to hold fixed, as for `Model.sample`.
        balance: A categorical code whose categories are taken in turn.
        per_class: In place of `n`, how many of each category of `balance`, or of the only categorical code.
        codes_file: In place of these, a .csv or .npz file with a row per image, as `gan-run sample`, `encode` and
            `invert` write them.
        channels: The channels that pictures show; None for the first three.
        options: Sampling options of the generator, as for `Model.generate`.

    Returns:
        `out`.

    Raises:
        NotFoundByName: No code has a name.
        CodeError: A code cannot have a value, or the generator has no such option.
        DataError: `codes_file` cannot be read, `out` is a folder with files, ends as no format does or cannot hold so
            many images, or the images are no pictures.
        GanRunError: Arguments exclude each other.
    """
    target = Path(out)
    writer_for(target)  # an error before the work
    chosen = {"n": n, "balance": balance, "per_class": per_class}
    given = [name for name, value in chosen.items() if value is not None]
    if codes_file is not None and given:
        raise GanRunError(f"codes_file and {given[0]} cannot be used together")
    if n is not None and per_class is not None:
        raise GanRunError("n and per_class cannot be used together")
    file = None if codes_file is None else Path(codes_file)
    dim = None if balance is None and per_class is None else balanced_code(model, balance, "balance")
    asked = ask(model, n, seed, model.code_values(codes or {}), dim, per_class, file)
    write_samples(model, asked, target, channels, options or {})
    return target


def balanced_code(model: Model, code: str | None, option: str) -> CodeDim:
    """The code whose categories are taken in turn. Raises as `categorical_dim` does."""
    dims = model.latents.code_dims(name for name in model.latents if not model.latents[name].value_shape)
    return categorical_dim(model, dims, code, option)


def ask(
    model: Model,
    n: int | None,
    seed: int,
    held: Mapping[CodeDim, Tensor],
    balance: CodeDim | None,
    per_class: int | None,
    codes_file: Path | None,
) -> Asked:
    """The samples that arguments of `sample_dataset` ask for, which do not exclude each other. Raises as it does."""
    rows = None if codes_file is None else read_codes(codes_file, model, seed)
    notes = outside_training(model, [held, *(row.codes for row in rows or [])])
    if rows is not None:
        return Asked(len(rows), [row._replace(codes={**held, **row.codes}) for row in rows], notes)
    if per_class is not None:
        assert balance is not None
        n = per_class * len(model.latents[balance.name].traversal_values(1))
    count = COUNT if n is None else n
    return Asked(count, new_samples(model, count, seed, held, balance), notes)


def write_samples(
    model: Model, asked: Asked, out: Path, channels: Sequence[int] | None, options: Mapping[str, float]
) -> None:
    """Draw samples and write them. Raises as `sample_dataset` does."""
    writer = writer_for(out)(out, model, asked.count, model.labelled_dims(), channels)
    writer.check()
    samples = track_progress(asked.samples, f"drawing {asked.count} images", asked.count)
    writer.write(model.numbered_samples(samples, options))

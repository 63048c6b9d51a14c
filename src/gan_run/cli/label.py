"""`gan-run label`: names for the codes of a run and their categories."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins
from gan_run.cli.options import checkpoint_option, moved_option

if TYPE_CHECKING:
    from gan_run.core.kinds.code_names import CodeNames
    from gan_run.core.kinds.init_from import CheckpointName
    from gan_run.loading import LoadedRun


@click.command()
@run_argument
@click.argument("names", nargs=-1, metavar="CODE[#CATEGORY]=NAME…")
@click.option("--from-data", is_flag=True, help="Name the categories of CODE by the classes of the data.")
@moved_option
@checkpoint_option
@with_plugins
def label(
    plugins: Plugins,
    run: Path,
    names: tuple[str, ...],
    from_data: bool,
    moved: tuple[str, ...],
    checkpoint: "CheckpointName",
) -> None:
    """Name codes of RUN (c1=azimuth), or categories of one (category#3=seven), in its labels.json.

    CODE --from-data gives each category the class that it is matched to on the training images, one to one. Afterwards
    `--code` takes either name, and pictures show both. Without arguments, the names are printed; those from data that
    are of another checkpoint are found again first.
    """
    from gan_run.core.base.files import to_json
    from gan_run.core.run.category_names import older_names, unnamed, weak_names
    from gan_run.loading import load_run

    loaded = load_run(run, plugins.registry, checkpoint, uses_names=False, moved=moved)
    before = code_names = loaded.model.code_names
    for text in names:
        code_names = _from_data(code_names, loaded, text) if from_data else _named(code_names, loaded, text)
    if not names:
        code_names = _found_again(code_names, loaded)
    if code_names != before:
        loaded.folder.write_code_names(code_names)
    click.echo(to_json(code_names.model_dump(mode="json", exclude_defaults=True)), nl=False)
    latents = loaded.model.latents
    categories = [(dim, value) for dim in latents.code_dims() for value in range(latents[dim.name].cardinality or 0)]
    weak = weak_names(code_names, categories)
    for note in (*older_names(code_names, loaded.step, run), *weak, *unnamed(code_names, latents)):
        click.echo(f"note: {note}", err=True)


def _named(code_names: "CodeNames", loaded: "LoadedRun", text: str) -> "CodeNames":
    """With the name in CODE=NAME or CODE#CATEGORY=NAME."""
    latents = loaded.model.latents
    place, equals, name = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{text}: it is written as CODE=NAME or CODE#CATEGORY=NAME")
    code, hash_sign, category = place.partition("#")
    code_dim = code_names.code_dim(latents, code)
    if not hash_sign:
        return code_names.with_name(latents, code_dim, name, loaded.step)
    if not category.isdigit():
        raise click.UsageError(f"{text}: {category!r} is not the number of a category")
    return code_names.with_value(latents, code_dim, int(category), name, loaded.step)


def _from_data(code_names: "CodeNames", loaded: "LoadedRun", code: str, keep_given: bool = False) -> "CodeNames":
    """With the classes that the categories of `code` are matched to."""
    from gan_run.core.kinds.code_names import CodeNames
    from gan_run.core.kinds.data_source import Splits
    from gan_run.core.run.category_names import SPLIT, names_by_classes

    code_dim = code_names.code_dim(loaded.model.latents, code)
    names = loaded.spec.class_names(loaded.folder.data_info())
    if code_dim.name in names:
        unnamed = CodeNames(codes={name: each for name, each in code_names.codes.items() if name != str(code_dim)})
        return unnamed.with_classes(loaded.model.latents, {code_dim.name: names[code_dim.name]})
    classes = loaded.folder.data_info().class_names or ()
    images = Splits(loaded.spec.data)[SPLIT]
    return names_by_classes(
        loaded.model, code_names, code_dim, images, classes, step=loaded.step, keep_given=keep_given
    )


def _found_again(code_names: "CodeNames", loaded: "LoadedRun") -> "CodeNames":
    """With those from data found again that are of another checkpoint."""
    for code, named in code_names.codes.items():
        if named.found is not None and named.found.step != loaded.step:
            code_names = _from_data(code_names, loaded, code, keep_given=True)
    return code_names

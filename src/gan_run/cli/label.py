"""`gan-run label`: names for the codes of a run and their categories."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, run_argument, with_plugins

if TYPE_CHECKING:
    from gan_run.core.kinds.code_names import CodeNames
    from gan_run.runs import LoadedRun


@click.command()
@run_argument
@click.argument("names", nargs=-1, metavar="CODE[#CATEGORY]=NAME…")
@click.option("--from-data", is_flag=True, help="Name the categories of CODE by the classes of the data.")
@with_plugins
def label(plugins: Plugins, run: Path, names: tuple[str, ...], from_data: bool) -> None:
    """Name codes of RUN (c1=azimuth), or categories of one (category#3=seven), in its labels.json.

    CODE --from-data gives each category the class that it is matched to on the training images, one to one. Afterwards
    `--code` takes either name, and pictures show both. Without arguments, the names are printed.
    """
    from gan_run.core.base.files import to_json
    from gan_run.runs import load_run

    loaded = load_run(run, plugins.registry)
    code_names = loaded.model.code_names
    for text in names:
        code_names = _from_data(code_names, loaded, text) if from_data else _named(code_names, loaded, text)
    if names:
        loaded.folder.write_code_names(code_names)
    click.echo(to_json(code_names.model_dump(mode="json", exclude_defaults=True)), nl=False)


def _named(code_names: "CodeNames", loaded: "LoadedRun", text: str) -> "CodeNames":
    """With the name in CODE=NAME or CODE#CATEGORY=NAME."""
    latents = loaded.model.latents
    place, equals, name = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{text}: it is written as CODE=NAME or CODE#CATEGORY=NAME")
    code, hash_sign, category = place.partition("#")
    code_dim = code_names.code_dim(latents, code)
    if not hash_sign:
        return code_names.with_name(latents, code_dim, name)
    if not category.isdigit():
        raise click.UsageError(f"{text}: {category!r} is not the number of a category")
    return code_names.with_value(latents, code_dim, int(category), name)


def _from_data(code_names: "CodeNames", loaded: "LoadedRun", code: str) -> "CodeNames":
    """With the classes that the categories of `code` are matched to on the training images."""
    from gan_run.core.base.errors import DataError
    from gan_run.core.base.randomness import isolated_rng
    from gan_run.core.kinds.data_source import Splits
    from gan_run.core.run.categories import assign_categories, contingency, match_classes

    model, latents = loaded.model, loaded.model.latents
    code_dim = code_names.code_dim(latents, code)
    classes = loaded.folder.data_info().class_names
    if classes is None:
        raise DataError("the data has no labels to name categories by")
    with isolated_rng("label"):
        assigned = assign_categories(model, str(code_dim), Splits(loaded.spec.data)["train"])
    for category, label in enumerate(match_classes(contingency(assigned, len(classes)))):
        if label is not None:
            code_names = code_names.with_value(latents, code_dim, category, classes[label])
    return code_names

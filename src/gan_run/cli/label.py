"""`gan-run label`: names for what a run's codes turned out to mean."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gan_run.cli.common import Plugins, with_plugins

if TYPE_CHECKING:
    from gan_run.core.kinds.code_names import Labels
    from gan_run.registry.plugins import Registry
    from gan_run.runs import LoadedRun


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("names", nargs=-1, metavar="CODE[#CATEGORY]=NAME…")
@click.option("--from-data", is_flag=True, help="Name the categories of CODE by the classes of the data.")
@with_plugins
def label(plugins: Plugins, run: Path, names: tuple[str, ...], from_data: bool) -> None:
    """Name codes of RUN (c1=azimuth), or categories of one (category#3=seven), in its labels.json.

    CODE --from-data gives each category the class that it is matched to on the training images, one to one. From then
    on `--code` takes either name, and pictures show both. Without names, those there are are printed.
    """
    from gan_run.core.base.files import to_json
    from gan_run.runs import load_run

    registry = plugins.load()
    loaded = load_run(run, registry)
    labels = loaded.model.labels
    for text in names:
        labels = _from_data(labels, loaded, registry, text) if from_data else _named(labels, loaded, text)
    if names:
        loaded.folder.write_labels(labels)
    click.echo(to_json(labels.model_dump(mode="json", exclude_defaults=True)), nl=False)


def _named(labels: "Labels", loaded: "LoadedRun", text: str) -> "Labels":
    """With what CODE=NAME or CODE#CATEGORY=NAME says."""
    latents = loaded.model.latents
    place, equals, name = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{text}: it is written as CODE=NAME or CODE#CATEGORY=NAME")
    code, hash_sign, category = place.partition("#")
    code_dim = labels.code_dim(latents, code)
    if not hash_sign:
        return labels.with_name(latents, code_dim, name)
    if not category.isdigit():
        raise click.UsageError(f"{text}: {category!r} is not the number of a category")
    return labels.with_value(latents, code_dim, int(category), name)


def _from_data(labels: "Labels", loaded: "LoadedRun", registry: "Registry", code: str) -> "Labels":
    """With the classes that `cluster-accuracy` matches the categories of `code` to."""
    from gan_run.core.base.errors import DataError
    from gan_run.core.kinds.data_source import Splits
    from gan_run.core.kinds.metric import Metric

    latents = loaded.model.latents
    code_dim = labels.code_dim(latents, code)
    fields = {"type": "cluster-accuracy", "code": code_dim.name, "score": "train"}
    metric = registry.catalogue.find("metric", "cluster-accuracy").model_validate(fields)
    assert isinstance(metric, Metric)
    matching = metric.measure(loaded.model, Splits(loaded.spec.data))["matching"]
    names = loaded.folder.data_info().class_names
    if names is None:
        raise DataError("the data has no labels to name categories by")
    assert isinstance(matching, list)
    for category, label in enumerate(matching):
        if isinstance(label, int):
            labels = labels.with_value(latents, code_dim, category, names[label])
    return labels

"""Writes the project of a new plugin: a working component of its kind, its test and its metadata."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

from gan_run.core.base.errors import PluginError


@dataclass(frozen=True)
class Kind:
    """The parts of a project that depend on the component's kind."""

    suite: str
    """The suite in gan_run.testing that tests it."""
    use: str
    """Its place in a spec, with NAME for its name."""
    arguments: str = ""
    """Field values that it is tested with."""


KINDS: Mapping[str, Kind] = {
    "artifact": Kind("ArtifactSuite", '"artifacts": [{"type": "NAME"}]'),
    "augmentation": Kind("AugmentationSuite", '"discriminator": {…, "augment": [{"type": "NAME"}]}'),
    "callback": Kind("CallbackSuite", '"callbacks": [{"type": "NAME"}]'),
    "criterion": Kind("CriterionSuite", "gan-run select RUN RUN RUN --by NAME", "samples=50"),
    "data": Kind("DataSourceSuite", '"data": {"type": "NAME"}'),
    "feature-network": Kind(
        "FeatureNetworkSuite", '"metrics": [{"type": "fid", "network": {"type": "NAME"}}]', "side=4"
    ),
    "generator": Kind("GeneratorSuite", '"generator": {"type": "NAME"}', "hidden=16"),
    "head": Kind("HeadSuite", '"discriminator": {…, "head": {"type": "NAME"}}', "hidden=8"),
    "latent": Kind("LatentSuite", '"latents": {…, "c": {"type": "NAME"}}'),
    "loss": Kind("LossSuite", '"losses": [{"type": "non-saturating"}, {"type": "NAME"}]'),
    "metric": Kind("MetricSuite", '"metrics": [{"type": "NAME"}]', "samples=50"),
    "optimizer": Kind("OptimizerSuite", '"optimizers": {"generator": {"type": "NAME", "lr": 0.01}, …}', "lr=0.01"),
    "schedule": Kind("ScheduleSuite", '"lr": {"type": "NAME", "start": 0.001}', "start=0.001"),
    "trunk": Kind("TrunkSuite", '"discriminator": {"trunk": {"type": "NAME"}, …}', "hidden=16"),
}


def write_project(name: str, kind: str, folder: Path) -> Path:
    """Write the project of a new plugin with one working component.

    Args:
        name: Name of the plugin and of its component in a spec, such as "my-loss".
        kind: A kind in KINDS.
        folder: Where to create the project's folder.

    Returns:
        The project's folder, folder/NAME.

    Raises:
        PluginError: `name` is no valid name or that of an installed module, or the project's folder exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise PluginError(f"{name!r}: a plugin's name has lower-case letters, digits and single hyphens: my-loss")
    module = name.replace("-", "_")
    if iskeyword(module) or find_spec(module) is not None:
        raise PluginError(f"{name!r}: a module called {module} is installed already")
    project = folder / name
    if project.exists():
        raise PluginError(f"{project} exists already")
    for path, text in _contents(name, kind):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")
    return project


def file_of(kind: str) -> str:
    """The name of the module that holds a component of a kind."""
    return kind.replace("-", "_")


def _contents(name: str, kind: str) -> Iterator[tuple[str, str]]:
    """The path of each file, relative to the project's folder, and its text."""
    module, component, about = name.replace("-", "_"), _class_name(name), KINDS[kind]
    words = {
        "name": name,
        "kind": kind,
        "file": file_of(kind),
        "module": module,
        "component": component,
        "suite": about.suite,
        "arguments": about.arguments,
        "use": about.use.replace("NAME", name),
    }
    for place, template in (
        ("pyproject.toml", "pyproject.toml"),
        ("README.md", "README.md"),
        (f"src/{module}/__init__.py", "init.py"),
        (f"tests/test_{module}.py", "test.py"),
        (".github/workflows/test.yml", "test.yml"),
    ):
        text = (files("gan_run.scaffold") / "files" / f"{template}.template").read_text(encoding="utf-8")
        yield place, re.sub(r"\{(\w+)\}", lambda word: words[word[1]], text)
    code = (files("gan_run.scaffold") / "kinds" / f"{file_of(kind)}.py").read_text(encoding="utf-8")
    yield f"src/{module}/{file_of(kind)}.py", re.sub(r"\bMine", component, code).replace('"mine"', f'"{name}"')


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))

"""What ships: every package and every plugin is named once; no pickle; nothing looks where it may not."""

import ast
import importlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gan_run

ROOT = Path(__file__).parent.parent
FOLDERS = {"gan_run": "src/gan_run"} | {
    f"gan_run.{folder}": folder for folder in ("benchmarks", "core", "examples", "plugins", "registry")
}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OTHERS = sorted((ROOT / "examples" / "plugins").rglob("*.py"))
TEMPLATES = sorted((ROOT / "src" / "gan_run" / "scaffold" / "kinds").glob("*.py"))
SOURCES = sorted(path for folder in ("src", "core", "plugins", "registry") for path in (ROOT / folder).rglob("*.py"))


def packages() -> Iterator[str]:
    for package, folder in FOLDERS.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            inner = init.parent.relative_to(ROOT / folder).parts
            # src/gan_run has symbolic links to the other folders; what is in examples/plugins is others'.
            ours = package != "gan_run" or f"gan_run.{'.'.join(inner[:1])}" not in FOLDERS
            if ours and init not in OTHERS:
                yield ".".join((package, *inner))


def plugin_folders() -> set[str]:
    """As GROUP/FOLDER."""
    return {f"{path.parent.parent.name}/{path.parent.name}" for path in (ROOT / "plugins").glob("*/*/__init__.py")}


def entry_point(folder: str) -> tuple[str, str]:
    group, _, name = folder.partition("/")
    called = group if name == "standard" else name
    return called.replace("_", "-"), f"gan_run.plugins.{group}.{name}"


def imports(source: Path) -> Iterator[str]:
    """Every module or name that a file imports, in full: `from a import b` is a.b."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_every_package_is_named_in_pyproject() -> None:
    named = PROJECT["tool"]["setuptools"]["packages"]
    assert sorted(packages()) == named
    assert len(named) > 15


def test_every_package_lies_where_pyproject_says() -> None:
    mapping = PROJECT["tool"]["setuptools"]["package-dir"]
    assert mapping == {"": "src"} | {name: folder for name, folder in FOLDERS.items() if name != "gan_run"}


def test_every_plugin_folder_has_an_entry_point_and_every_entry_point_a_folder() -> None:
    points = PROJECT["project"]["entry-points"]["gan_run"]
    assert points == dict(entry_point(folder) for folder in plugin_folders())
    assert list(points) == sorted(points)


@pytest.mark.parametrize("source", [*OTHERS, *TEMPLATES], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_third_partys_plugin_uses_what_is_public_and_nothing_else(source: Path) -> None:
    for name in imports(source):
        top, _, rest = name.partition(".")
        assert top != "gan_run" or not rest or rest in dir(gan_run) or rest.startswith("testing."), name


def reads_tensors_alone(call: ast.Call) -> bool:
    said = {key.arg: ast.unparse(key.value) for key in call.keywords}
    return ast.unparse(call.func) == "torch.load" and said.get("weights_only") == "True"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_reads_or_writes_pickle(source: Path) -> None:
    banned = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert not {name.partition(".")[0] for name in imports(source)} & banned
    assert not {"torch.load", "torch.save"} & set(imports(source))
    tree = ast.parse(source.read_text(encoding="utf-8"))
    # With weights_only, torch reads tensors alone and executes nothing: others' weights come in such files.
    harmless = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and reads_tensors_alone(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert node in harmless or ast.unparse(node) not in ("torch.load", "torch.save")
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            allowed = {key.arg: ast.unparse(key.value) for key in node.keywords}.get("allow_pickle")
            # numpy.save has it on by default, numpy.load has it off: say so at each call.
            if called in ("np.load", "numpy.load", "np.save", "numpy.save", "np.lib.format.read_array"):
                assert allowed == "False", f"line {node.lineno}: {called} without allow_pickle=False"
            assert allowed in (None, "False")


def test_the_walk_for_pickle_finds_it(tmp_path: Path) -> None:
    wrong = (
        "import pickle",
        "from joblib import dump",
        "from torch import load",
        "import torch\ntorch.save({}, 'x')",
        "import torch\nread = torch.load",
        "import numpy as np\nnp.load('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
    )
    for text in wrong:
        (tmp_path / "wrong.py").write_text(text)
        with pytest.raises(AssertionError):
            test_nothing_reads_or_writes_pickle(tmp_path / "wrong.py")


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("core", ("gan_run.api", "gan_run.cli", "gan_run.plugins", "gan_run.registry", "gan_run.runs")),
        ("registry", ("gan_run.api", "gan_run.cli", "gan_run.plugins", "gan_run.runs")),
        ("src/gan_run", ("gan_run.plugins",)),
        ("plugins", ("gan_run.api", "gan_run.cli", "gan_run.core", "gan_run.registry", "gan_run.runs")),
    ],
)
def test_a_layer_imports_none_of_those_above_it(folder: str, forbidden: tuple[str, ...]) -> None:
    sources = [path for path in SOURCES if path.is_relative_to(ROOT / folder)]
    assert len(sources) > 3
    for source in sources:
        for name in imports(source):
            assert not f"{name}.".startswith(tuple(f"{layer}." for layer in forbidden)), f"{source}: {name}"


@pytest.mark.parametrize("plugin", sorted(plugin_folders()))
def test_a_plugin_imports_no_other_plugin(plugin: str) -> None:
    own = f"gan_run.plugins.{plugin.replace('/', '.')}."
    for source in (ROOT / "plugins" / plugin).rglob("*.py"):
        for name in imports(source):
            if name.startswith("gan_run."):
                public = name.count(".") == 1 and name.removeprefix("gan_run.") in gan_run_names()
                assert public or f"{name}.".startswith(own), f"{source}: {name}"


def gan_run_names() -> list[str]:
    names: list[str] = importlib.import_module("gan_run.api").__all__
    return names


def test_the_public_api_is_sorted_and_every_name_is_there() -> None:
    names = gan_run_names()
    # As ruff sorts them: constants, then classes, then functions.
    assert names == sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(gan_run, name) is not None
    assert dir(gan_run) == sorted(names)


def test_what_is_not_public_is_not_there() -> None:
    for name in ("torch", "Path", "importlib", "RunFolder"):
        with pytest.raises(AttributeError, match=name):
            getattr(gan_run, f"{name}_")
    with pytest.raises(ImportError):
        exec("from gan_run import build_game", {})

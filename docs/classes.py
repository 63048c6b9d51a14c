"""The reference of `gan_run` and `gan_run.testing`: every public name, read from the source that defines it."""

import ast
import importlib
import inspect
from collections.abc import Iterator

from docstrings import to_markdown

import gan_run.api
import gan_run.testing

TOPICS = {
    "api-python": (
        "Training, loading, comparing and choosing",
        ("runs", "loading", "seeds", "selection", "results", "sampling", "sweeps", "core.run", "registry"),
    ),
    "api-model": (
        "Trained models, metrics and artifacts",
        (
            "core.kinds.model",
            "core.kinds.encoding",
            "core.kinds.inversion",
            "core.kinds.strips",
            "core.kinds.metric",
            "core.kinds.criterion",
            "core.kinds.feature_network",
            "core.kinds.artifact",
            "core.run.categories",
            "core.run.traversal",
        ),
    ),
    "api-callbacks": ("Callbacks and events", ("core.kinds.callback", "core.kinds.events", "core.kinds.diagnostics")),
    "api-data": (
        "Datasets and images",
        ("core.images", "core.kinds.data_source", "core.kinds.resized_pictures", "core.base.image"),
    ),
    "api-latents": ("Latents", ("core.kinds.latent",)),
    "api-networks": (
        "Networks and augmentations",
        ("core.nn", "core.kinds.generator", "core.kinds.discriminator", "core.kinds.augmentation"),
    ),
    "api-losses": (
        "Losses, optimizers and schedules",
        ("core.kinds.loss", "core.kinds.update_context", "core.kinds.optimizer", "core.kinds.schedule"),
    ),
    "api-specs": ("Specs, errors and helpers", ("core.kinds", "core.base")),
    "api-testing": ("Test suites for plugins (gan_run.testing)", ("testing",)),
}
"""Title of each page, and how the names of its modules begin; the longest beginning decides."""
OPERATORS = ("__getitem__", "__len__", "__iter__", "__call__")
"""The special methods that are listed, where they have a docstring."""
LONG = 100
"""Characters of a signature from which on each parameter has a line of its own."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def class_pages() -> dict[str, str]:
    """The text of every page, by file name."""
    pages = {f"{topic}.md": [f"# {title}"] for topic, (title, _) in TOPICS.items()}
    for name, module in public_names().items():
        pages[f"{_topic(module)}.md"].append(_entry(name, module))
    return {page: "\n\n".join(entries) + "\n" for page, entries in pages.items()}


def public_names() -> dict[str, str]:
    """The module that defines each name in the `__all__` of `gan_run` and `gan_run.testing`, in order of import."""
    return {
        alias.name: node.module
        for front in (gan_run.api, gan_run.testing)
        for node in ast.parse(inspect.getsource(front)).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.name in front.__all__
    }


def _topic(module: str) -> str:
    name = module.removeprefix("gan_run.")
    found = {prefix: topic for topic, (_, prefixes) in TOPICS.items() for prefix in prefixes if name.startswith(prefix)}
    assert found, f"no topic for {module}"
    return found[max(found, key=len)]


def _entry(name: str, module: str) -> str:
    value = getattr(importlib.import_module(module), name)
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _class(node, value)
        if isinstance(node, Function) and node.name == name:
            return f"## `{name}`\n\n{_signature(node)}\n\n{to_markdown(ast.get_docstring(node) or '')}"
        if _assigned(node) == name:
            return f"## `{name}`\n\n{_code(ast.unparse(node))}\n\n{to_markdown(_string(following))}"
    raise AssertionError(f"{module} does not define {name}")


def _class(node: ast.ClassDef, value: type) -> str:
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    title = _code(
        "\n".join([f"class {node.name}({bases})" if bases else f"class {node.name}", *_dataclass_fields(node)])
    )
    parts = [f"## `{node.name}`", title, to_markdown(ast.get_docstring(node) or ""), _attributes(node, value)]
    methods = [each for each in node.body if isinstance(each, Function) and not _is_hidden(each)]
    parts += [_method(each, value) for each in methods if not each.name.startswith("test_")]
    if tests := [f"- `{each.name}`" for each in methods if each.name.startswith("test_")]:
        parts += ["**Tests**", "\n".join(tests)]
    return "\n\n".join(part for part in parts if part)


def _dataclass_fields(node: ast.ClassDef) -> list[str]:
    """The fields of a dataclass with types and defaults, as they are written."""
    if not any(ast.unparse(decorator).startswith("dataclass") for decorator in node.decorator_list):
        return []
    return [f"    {ast.unparse(statement)}" for statement in node.body if isinstance(statement, ast.AnnAssign)]


def _is_hidden(node: Function) -> bool:
    """Whether a method is private, or one of several signatures of the same."""
    if any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list):
        return True
    if node.name == "__init__":
        return len(node.args.args) + len(node.args.kwonlyargs) < 2
    return node.name.startswith("_") and not (node.name in OPERATORS and ast.get_docstring(node))


def _attributes(node: ast.ClassDef, value: type) -> str:
    """The fields and variables of a class, each with its description, but those that its docstring lists."""
    listed = ast.get_docstring(node) or ""
    fields = getattr(value, "model_fields", {})
    rows = []
    for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
        name = _assigned(statement)
        if not name or name.startswith("_") or name == "model_config" or f"\n    {name}: " in listed:
            continue
        text = fields[name].description or "" if name in fields else " ".join(_string(following).split())
        annotation = f": {ast.unparse(statement.annotation)}" if isinstance(statement, ast.AnnAssign) else ""
        rows.append(f"- `{name}{annotation}`" + (f": {text}" if text else ""))
    return "**Attributes**\n\n" + "\n".join(rows) if rows else ""


def _method(node: Function, value: type) -> str:
    text = ast.get_docstring(node) or _inherited(node.name, value)
    return f"### `{value.__name__}.{node.name}`\n\n{_signature(node)}\n\n{to_markdown(text)}".rstrip()


def _inherited(name: str, value: type) -> str:
    """The docstring of the method that this one overrides."""
    ours = (base for base in value.__mro__[1:] if base.__module__.startswith("gan_run"))
    found = (getattr(vars(base).get(name), "__doc__", None) for base in ours)
    return inspect.cleandoc(next((text for text in found if text), ""))


def _assigned(node: ast.stmt) -> str | None:
    """The name that a statement assigns or declares, if it is one."""
    if isinstance(node, ast.AnnAssign):
        target: ast.expr = node.target
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        (target,) = node.targets
    else:
        return None
    return target.id if isinstance(target, ast.Name) else None


def _string(node: ast.stmt | None) -> str:
    """The text of a statement that is a string, which documents the assignment before it."""
    text = node.value.value if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) else None
    return inspect.cleandoc(text) if isinstance(text, str) else ""


def _signature(node: Function) -> str:
    decorators = [f"@{ast.unparse(decorator)}" for decorator in node.decorator_list]
    returned = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    parameters = list(_parameters(node.args))
    line = f"def {node.name}({', '.join(parameters)}){returned}"
    if len(line) > LONG:
        rows = "".join(f"    {parameter},\n" for parameter in parameters)
        line = f"def {node.name}(\n{rows}){returned}"
    return _code("\n".join([*decorators, line]))


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    """Each parameter as it is written, and the star before those that are given by name alone."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    yield from (_parameter(each, default) for each, default in zip(positional, defaults, strict=True))
    if arguments.vararg:
        yield f"*{ast.unparse(arguments.vararg)}"
    elif arguments.kwonlyargs:
        yield "*"
    yield from (_parameter(e, d) for e, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    if arguments.kwarg:
        yield f"**{ast.unparse(arguments.kwarg)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + ("" if default is None else f" = {ast.unparse(default)}")


def _code(text: str) -> str:
    return f"```python\n{text}\n```"

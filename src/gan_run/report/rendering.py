"""The templates of pages: they escape every text that comes from a run."""

import base64
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(name: str, **content: object) -> str:
    """Fill in a template of this package.

    Args:
        name: The file.
        content: What the template names.

    Returns:
        HTML.
    """
    return _environment().get_template(name).render(content)


def asset(name: str) -> str:
    """The text of a style sheet or script of this package."""
    return files("gan_run.report").joinpath("templates", name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """The hash by which a content security policy allows one script."""
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _environment() -> Environment:
    """Templates are compiled once a process."""
    environment = Environment(
        loader=PackageLoader("gan_run.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment

"""torch-fidelity, the library that computes the scores. It is an extra, which need not be installed."""

from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec

from gan_run import PluginError, Problem

MISSING = "torch-fidelity is not installed: pip install 'gan-run[fidelity]'"


def problems() -> Iterator[Problem]:
    """The problem that the library is not installed, if it is not."""
    if find_spec("torch_fidelity") is None:
        yield Problem(("type",), MISSING)


def name_and_version() -> str:
    """The library's name with its version. Raises PluginError if it is not installed."""
    for problem in problems():
        raise PluginError(problem.message)
    return f"torch-fidelity {version('torch-fidelity')}"

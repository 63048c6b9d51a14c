"""gan-run: a plugin-based GAN framework. Everything public can be imported from here; see `gan_run.api`.

Names are resolved on first use, so that importing this package (as the command line does) does not import torch.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_run.api import *  # noqa: F403  # api.__all__ is the one list of what is public


def __getattr__(name: str) -> object:
    api = importlib.import_module("gan_run.api")
    if name == "__all__":  # so that `from gan_run import *` gives the API
        return api.__all__
    if name not in api.__all__:
        raise AttributeError(f"module 'gan_run' has no attribute {name!r}")
    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted(importlib.import_module("gan_run.api").__all__)

"""Counts floating-point operations."""

from torch.utils.flop_counter import FlopCounterMode
from torch.utils.module_tracker import ModuleTracker


class FlopCounter(FlopCounterMode):
    """torch's counter, in total alone: it follows modules by hooks that fail where a penalty takes a gradient."""

    def __init__(self) -> None:
        super().__init__(display=False)
        self.mod_tracker = _Nowhere()


class _Nowhere(ModuleTracker):
    """Is never within a module."""

    def __enter__(self) -> "_Nowhere":
        return self

    def __exit__(self, *args: object) -> None:
        return None

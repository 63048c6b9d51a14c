"""Properties that are computed once."""

from collections.abc import Callable
from typing import Generic, TypeVar

Owner = TypeVar("Owner")
Value = TypeVar("Value")


class lazy_property(Generic[Owner, Value]):  # noqa: N801  # it is used like `property`
    """A property computed on first use, like functools.cached_property.

    torch.compile traces this one; Python 3.11's cached_property holds a lock, which it does not trace.
    """

    def __init__(self, compute: Callable[[Owner], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Owner, owner: type[Owner]) -> Value:
        value = self._compute(instance)
        setattr(instance, self._name, value)  # later look-ups find the instance's attribute first
        return value

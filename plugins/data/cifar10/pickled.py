"""Reads the pickled batches of CIFAR-10's python version without executing them.

A pickle is a program for a stack machine. Python's own machine imports and calls whatever the program names. This one
knows the opcodes that the official files consist of, pickle protocol 2, and calls nothing: an array is put together
from its parts. It refuses every other opcode, and every name but those of a numpy array.
"""

import pickletools
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

RECONSTRUCT, NDARRAY, DTYPE = "numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"
BYTE = "u1"
"""numpy's name of the one type of numbers that the arrays have."""


class _Name(str):
    """A name that the program refers to; it is not imported."""

    __slots__ = ()


class _Mark:
    """The mark below the items of a list, dict or tuple."""


class _Bytes:
    """The type of an array's numbers."""


class _Array:
    """An array whose shape and numbers follow."""

    value: NDArray[np.uint8] | None = None


def unpickle(content: bytes) -> dict[str, object]:
    """Read a pickled dict.

    Args:
        content: A pickle of protocol 2 as Python 2 wrote it: a dict of strings, integers, lists and arrays of bytes.

    Returns:
        The dict. Strings of bytes are str, byte by byte (Latin-1). Arrays are uint8.

    Raises:
        ValueError: The content is no such pickle, or ends before the pickle does.
    """
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(content):
        step = OPCODES.get(opcode.name)
        if step is None:
            raise ValueError(f"the opcode {opcode.name} is refused: no file of CIFAR-10 has it")
        step(machine, argument)
    found = machine.pop(dict)
    return {key: _finished(value) for key, value in found.items() if isinstance(key, str)}


def _finished(value: object) -> object:
    return value.value if isinstance(value, _Array) else value


class _Machine:
    """The stack, and what the program has numbered to refer to it again."""

    def __init__(self) -> None:
        self._stack: list[object] = []
        self._memo: dict[object, object] = {}

    def push(self, value: object) -> None:
        self._stack.append(value)

    def pop(self, kind: type[T]) -> T:
        """The topmost value. Raises ValueError if it is of another kind."""
        value = self._stack.pop() if self._stack else None
        if not isinstance(value, kind):
            raise ValueError(f"{kind.__name__} is needed, not {type(value).__name__}")
        return value

    def pop_items(self) -> list[object]:
        """The values above the topmost mark, which is removed too."""
        items: list[object] = []
        while self._stack:
            value = self._stack.pop()
            if isinstance(value, _Mark):
                return items[::-1]
            items.append(value)
        raise ValueError("items without a mark")

    def put(self, number: object) -> None:
        value = self.pop(object)
        self._memo[number] = value
        self.push(value)

    def get(self, number: object) -> None:
        if number not in self._memo:
            raise ValueError(f"nothing has the number {number}")
        self.push(self._memo[number])

    def tuple_of(self, count: int) -> None:
        self.push(tuple(self.pop(object) for _ in range(count))[::-1])

    def extend(self) -> None:
        items = self.pop_items()
        values = self.pop(list)
        values.extend(items)
        self.push(values)

    def update(self) -> None:
        items = self.pop_items()
        table = self.pop(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):
                raise ValueError(f"{type(key).__name__} as the key of a dict")
            table[key] = value
        self.push(table)

    def refer(self, name: object) -> None:
        if name not in (RECONSTRUCT, NDARRAY, DTYPE):
            raise ValueError(f"the name {str(name).replace(' ', '.')} is refused: no file of CIFAR-10 has it")
        self.push(_Name(name))

    def call(self) -> None:
        """What calling a name with arguments gives: an array or a type of numbers, without a call."""
        arguments, name = self.pop(tuple), self.pop(_Name)
        if name == RECONSTRUCT and arguments == (NDARRAY, (0,), "b"):
            self.push(_Array())
        elif name == DTYPE and arguments == (BYTE, 0, 1):
            self.push(_Bytes())
        else:
            # Their text is left out: it may be endless.
            raise ValueError(
                f"{str(name).replace(' ', '.')} with other arguments than an array of bytes has is refused"
            )

    def build(self) -> None:
        """Give an array its shape and numbers. Bytes have no byte order or fields, of which their state tells."""
        state = self.pop(tuple)
        built = self.pop(object)
        if isinstance(built, _Array):
            built.value = _array(state)
        elif not isinstance(built, _Bytes):
            raise ValueError(f"a state of {type(built).__name__} is refused")
        self.push(built)


def _array(state: tuple[object, ...]) -> NDArray[np.uint8]:
    """The array of a state: the state's version, shape, type, whether columns come first, the numbers."""
    match state:
        case (1, (int(rows), int(columns)), _Bytes(), False, str(numbers)) if rows * columns == len(numbers):
            return np.frombuffer(numbers.encode("latin-1"), dtype=np.uint8).reshape(rows, columns)
    raise ValueError("an array of another type, or of another length than its shape says, is refused")


def _check_protocol(version: object) -> None:
    if version != 2:
        raise ValueError(f"pickle protocol {version} is refused: the files of CIFAR-10 have 2")


OPCODES: Mapping[str, Callable[[_Machine, object], None]] = {
    "PROTO": lambda _, version: _check_protocol(version),
    "STOP": lambda machine, _: None,
    "MARK": lambda machine, _: machine.push(_Mark()),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "NONE": lambda machine, _: machine.push(None),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2"), _Machine.push),
    **dict.fromkeys(("BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.get),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_items())),
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "APPENDS": lambda machine, _: machine.extend(),
    "SETITEMS": lambda machine, _: machine.update(),
    "GLOBAL": _Machine.refer,
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.build(),
}
"""What each accepted opcode does with the machine and the opcode's argument."""

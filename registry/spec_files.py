"""Reads the text of a spec: JSON, which may have comments, YAML or TOML."""

import codecs
import json
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

import json5
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gan_run.core.base.errors import Place, Problem, SpecError, reason_of
from gan_run.registry.plain_values import TOO_DEEP, too_large

Parse = Callable[[str], object]


LARGEST_FILE = 2**20
"""Bytes: specs have a few thousand."""
LARGEST_TEXT = 2**16
"""Characters of a text in YAML or JSON5, whose parsers read less than 100,000 in a second."""


def read_file(path: Path) -> dict[str, object]:
    """The fields in a file; the end of its name says how it is written. Raises SpecError with the line and column of a
    mistake."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            with path.open("rb") as file:
                content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise SpecError([Problem((), f"it cannot be read: {reason_of(error)}")], str(path)) from None
    except ValueError:  # a character of code 0
        raise SpecError([Problem((), "no file can have this name")], repr(str(path))) from None
    if not stat.S_ISREG(mode):  # a pipe or a device may have no end
        what = "a folder" if stat.S_ISDIR(mode) else 'no regular file: the spec "-" is read from standard input'
        raise SpecError([Problem((), f"it is {what}")], str(path))
    return read_content(content, str(path), FORMATS.get(path.suffix.lower()))


def read_stream(stream: IO[bytes], source: str) -> dict[str, object]:
    """The fields in a stream, such as standard input; its text shows how it is written. Raises as `read_file` does."""
    return read_content(stream.read(LARGEST_FILE + 1), source)


def read_content(content: bytes, source: str, parse: Parse | None = None) -> dict[str, object]:
    """The fields in the content of a file, whose format shows in it if `parse` is None. Raises as `read_file` does."""
    try:
        text = _decoded(content)
        if not text.strip():
            raise ValueError("it is empty")
        fields = (parse or _format_of(text))(text)
    except ValueError as error:
        raise SpecError([Problem((), _line_first(str(error)))], source) from None
    except RecursionError:
        raise SpecError([Problem((), TOO_DEEP)], source) from None
    if not isinstance(fields, dict):
        raise SpecError([Problem((), "a spec is an object of fields, such as name, data and losses")], source)
    if problem := too_large(fields):
        raise SpecError([problem], source)
    if problems := list(_foreign(fields)):
        raise SpecError(problems, source)
    # As JSON has it: the other parsers leave a character that is escaped as a pair, \ud83d\ude00, in two.
    plain: dict[str, object] = json.loads(json.dumps(fields))
    return plain


def _decoded(content: bytes) -> str:
    """Raises ValueError for what is no text, or too much."""
    if len(content) > LARGEST_FILE:
        raise ValueError(f"it has more than {LARGEST_FILE:,} bytes: it is no spec")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is written in UTF-16: save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: the byte {content[error.start]:#04x} is no UTF-8: save it as UTF-8") from None


def _read_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:  # a mistake, or what JSON5 adds; its parser is too slow to be the first
        if len(text) > LARGEST_TEXT:
            raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None
        return json5.loads(text, object_pairs_hook=_without_duplicates)


def _read_yaml(text: str) -> object:
    if len(text) > LARGEST_TEXT:
        raise ValueError(f"it has more than {LARGEST_TEXT:,} characters of YAML: write it as JSON")
    try:
        return YAML(typ="safe", pure=True).load(text)  # YAML 1.2: `no` is text, 1e-3 a number
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(where + " ".join(filter(None, (error.context, error.problem)))) from None
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


FORMATS: Mapping[str, Parse] = {
    ".json": _read_json,
    ".jsonc": _read_json,
    ".json5": _read_json,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
    ".toml": tomllib.loads,
}
"""How a file is read, by the end of its name."""


def _format_of(text: str) -> Parse:
    if text.lstrip().startswith(("{", "/")):
        return _read_json
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return _read_yaml
    return tomllib.loads


def _without_duplicates(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    content: dict[str, object] = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"{name!r} stands twice in one object")
        content[name] = value
    return content


def _line_first(message: str) -> str:
    """A parser's message with the line and column where they stand elsewhere in it: in those of JSON5 and TOML."""
    if "integer string conversion" in message:
        return "a number has more digits than any field takes"
    for pattern in (
        r"<string>:(?P<line>\d+) (?P<text>.*) at column (?P<column>\d+)",
        r"(?P<text>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)",
    ):
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return f"line {found['line']}, column {found['column']}: {found['text']}".replace("\n", "\\n")
    return message


def _foreign(value: object, place: Place = ()) -> Iterator[Problem]:
    """What YAML and TOML have and JSON has not."""
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(name, str):
                yield from _foreign(item, (*place, name))
            else:
                yield Problem(place, f"the name {name!r} is no text: write it in quotes")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _foreign(item, (*place, index))
    elif value is not None and not isinstance(value, (str, int, float)):
        yield Problem(place, f"a {type(value).__name__} is no value of a spec: write it in quotes")

"""The logs of a run: files with a JSON object per line, each with its step, which a resumed run continues.

A line ends with the CRC-32 of what is before it; those of earlier versions have none.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from zlib import crc32

from gan_run.core.base.errors import RunError
from gan_run.core.base.files import sync, without_nan, write_text
from gan_run.core.base.system_errors import naming

SUM = "crc32"
SUMMED = re.compile(rb'(\{.*), "crc32": (\d+)\}\s*')


class LogFile:
    """A file of lines.

    Args:
        path: The file, which need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, line: Mapping[str, object]) -> None:
        """Add a line, and make it readable at once.

        Args:
            line: The fields, with `step`.
        """
        with naming(self.path), self.path.open("a", encoding="utf-8") as opened:
            opened.write(_with_sum(json.dumps(without_nan(line), allow_nan=False)) + "\n")

    def lines(self) -> Iterator[dict[str, object]]:
        """Read the lines one by one, without a last one that a kill cut short or that is being written.

        Returns:
            The fields of each line; none where there is no file.

        Raises:
            RunError: Another line is damaged.
        """
        return (content for _, content in self._whole())

    def cut(self, step: int) -> None:
        """Drop the lines that a resumed run will write again: those after a step, and one that a kill cut short.

        Args:
            step: The number of steps that the run has taken.

        Raises:
            RunError: A line is damaged. The file stays as it is.
        """
        if self.path.exists():
            write_text(self.path, "".join(text for text, content in self._whole() if _step_of(content) <= step))

    def count(self) -> int:
        """The number of lines, without looking at them."""
        return self.path.read_bytes().count(b"\n") if self.path.exists() else 0

    def sync(self) -> None:
        """Flush the file to the disk."""
        if self.path.exists():
            sync(self.path)

    def _whole(self) -> Iterator[tuple[str, dict[str, object]]]:
        """The lines as they are written, each with what it holds."""
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            summed = False
            for number, line in enumerate(lines, 1):
                try:
                    content, summed = _parsed(line, summed)
                except (ValueError, KeyError, TypeError):
                    if not line.endswith(b"\n"):  # it is the last one
                        return
                    raise RunError(
                        f"{self.path}, line {number} is damaged: put the file back, or remove the line"
                    ) from None
                yield line.decode().rstrip("\n") + "\n", content


def _with_sum(text: str) -> str:
    return f'{text[:-1]}, "{SUM}": {crc32(text.encode())}}}'


def _parsed(line: bytes, summed: bool) -> tuple[dict[str, object], bool]:
    """The fields of a line, and whether it has a checksum. Raises ValueError, KeyError or TypeError if it is damaged.

    Args:
        line: The line, as it is written.
        summed: Whether it has to have one, as the line before it has.
    """
    found = SUMMED.fullmatch(line)
    if found is None:
        if summed:
            raise ValueError("it has no checksum")
        content = json.loads(line)
    else:
        text = found[1] + b"}"
        if crc32(text) != int(found[2]):
            raise ValueError("its checksum is another")
        content = json.loads(text)
    _step_of(content)
    return content, found is not None


def _step_of(content: Mapping[str, object]) -> int:
    """The step of a line. Raises KeyError or TypeError where it has none."""
    step = content["step"]
    if not isinstance(step, int):
        raise TypeError
    return step

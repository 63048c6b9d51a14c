"""Durations, as a spec writes them: 90s, 30m, 2h, 1h30m."""

import re
from typing import Annotated

from pydantic import AfterValidator

UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
FORM = re.compile("".join(rf"(?:(\d{{1,9}}){unit})?" for unit in UNITS), re.ASCII)


def seconds_of(text: str) -> int:
    """The length of a duration.

    Args:
        text: Whole numbers of days, hours, minutes and seconds, in this order: `1h30m`.

    Returns:
        Its seconds, at least 1.

    Raises:
        ValueError: It is not written so, or is 0.
    """
    match = FORM.fullmatch(text)
    counts = match.groups(default="0") if match else ()
    seconds = sum(int(count) * length for count, length in zip(counts, UNITS.values(), strict=False))
    if not seconds:
        raise ValueError(f"{text!r} is no duration: it is written as 90s, 30m, 2h or 1h30m")
    return seconds


def _checked(text: str) -> str:
    seconds_of(text)
    return text


Duration = Annotated[str, AfterValidator(_checked)]
"""The type of a field that holds a duration."""

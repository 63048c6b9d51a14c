"""The description of a dataset as JSON, in a run's data.json.

{"image": [1, 28, 28], "sizes": {"train": 60000, "test": 10000}, "codec": {"dtype": "uint8", "low": 0.0, "high": 255.0},
 "columns": {"label": {"kind": "categorical", "names": ["0", "1", …], "shape": [], "unseen": []}},
 "fingerprint": {"images": "5f6c…", "columns": "9a41…"}}

The fingerprint is that of the training images; a stream has none, nor has the data.json of an earlier version.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, TypeAdapter

from gan_run.core.base.image import ImageShape, PixelCodec
from gan_run.core.images.columns import LABEL, Column, ColumnKind
from gan_run.core.images.info import DataInfo, Split

SIZES = TypeAdapter(dict[Split, int])
COLUMNS = TypeAdapter(dict[str, Column])
CODEC = TypeAdapter(PixelCodec)
SHAPE = TypeAdapter(tuple[int, ...])
FINGERPRINT = TypeAdapter(dict[str, str])


def dump(info: DataInfo, fingerprint: Mapping[str, str] | None) -> dict[str, object]:
    """`info` and the fingerprint of the training images in JSON's types."""
    columns = {name: asdict(column) for name, column in info.columns.items()}
    described: dict[str, object] = {
        "image": list(info.image),
        "sizes": dict(info.sizes),
        "codec": asdict(info.codec),
        "columns": columns,
    }
    return described if fingerprint is None else {**described, "fingerprint": dict(fingerprint)}


def changes(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """What is not as it was.

    Args:
        before: What `dump` returned, also that of versions before columns. Its `read` succeeds.
        now: What `dump` returns.

    Returns:
        A line about each difference.
    """
    was, found = read(before), read(now)
    splits = dict.fromkeys((*was.sizes, *found.sizes))
    pairs: dict[str, tuple[object, object]] = {
        "images": (was.image, found.image),
        **{f"images of the {split} split": (was.sizes.get(split, 0), found.sizes.get(split, 0)) for split in splits},
        "pixels": (was.codec, found.codec),
        "columns": (", ".join(was.columns) or "none", ", ".join(found.columns) or "none"),
    }
    lines = [f"{what}: {new}, and before {old}" for what, (old, new) in pairs.items() if old != new]
    alike = {name: (was.columns[name], found.columns[name]) for name in was.columns.keys() & found.columns.keys()}
    lines += [f"the column {name!r} is described otherwise" for name, (old, new) in alike.items() if old != new]
    if not lines and "fingerprint" in before and "fingerprint" in now:
        lines += _other_content(before["fingerprint"], now["fingerprint"])
    return lines


def _other_content(before: object, now: object) -> list[str]:
    kept, found = (FINGERPRINT.validate_python(each) for each in (before, now))
    what = {"images": "as many training images, but others", "columns": "other values of the columns"}
    return [text for part, text in what.items() if kept.get(part) != found.get(part)]


def read(content: Mapping[str, object]) -> DataInfo:
    """What `dump` returned, also that of versions before columns. Raises KeyError or ValueError."""
    if "columns" not in content:
        return _read_former(content)
    shape = SHAPE.validate_python(content["image"])
    sizes, columns = SIZES.validate_python(content["sizes"]), COLUMNS.validate_python(content["columns"])
    return DataInfo(ImageShape(*shape), sizes, columns, CODEC.validate_python(content["codec"]))


class _Factor(BaseModel):
    name: str
    kind: ColumnKind


class _Former(BaseModel):
    """A description by a version before columns."""

    image: dict[Literal["channels", "height", "width"], int]
    sizes: dict[Split, int]
    class_names: tuple[str, ...] | None
    factors: tuple[_Factor, ...] = ()


def _read_former(content: Mapping[str, object]) -> DataInfo:
    former = _Former.model_validate(content)
    columns = {} if former.class_names is None else {LABEL: Column("categorical", former.class_names)}
    columns |= {factor.name: Column(factor.kind) for factor in former.factors}
    image = ImageShape(former.image["channels"], former.image["height"], former.image["width"])
    return DataInfo(image, former.sizes, columns)

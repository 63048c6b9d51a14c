"""The description of a dataset as JSON, in a run's data.json.

{"image": [1, 28, 28], "sizes": {"train": 60000, "test": 10000}, "codec": {"dtype": "uint8", "low": 0.0, "high": 255.0},
 "columns": {"label": {"kind": "categorical", "names": ["0", "1", …], "shape": []}}}
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


def dump(info: DataInfo) -> dict[str, object]:
    """`info` in JSON's types."""
    columns = {name: asdict(column) for name, column in info.columns.items()}
    return {"image": list(info.image), "sizes": dict(info.sizes), "codec": asdict(info.codec), "columns": columns}


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

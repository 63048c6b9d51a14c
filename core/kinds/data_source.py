"""Data sources: where real images come from."""

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from gan_run.core.base.errors import DataError, PluginError
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo, Split
from gan_run.core.kinds.component import Component


class DataSource(Component):
    """A dataset of real images, in the splits train and test; validation images are taken from train."""

    kind: ClassVar[str] = "data"
    validation: int = Field(
        default=0, ge=0, description="Number of images to hold out of the training split, from its end."
    )

    @abstractmethod
    def describe(self) -> DataInfo:
        """Describe the dataset from headers, without decoding images.

        Returns:
            Image shape, split sizes, columns and how pixels are stored. Sizes are those of `load`, before
            `validation` images are taken off the training split. A source with a validation split of its own gives
            that split's size too, and overrides `open`.

        Raises:
            DataError: The files are missing or damaged.

        Example:
            type: Literal["stripes"] = "stripes"

            def describe(self) -> DataInfo:
                columns = {"label": Column("categorical", ("lying", "standing"))}
                return DataInfo(ImageShape(1, 8, 8), {"train": 40, "test": 10}, columns)
        """

    @abstractmethod
    def load(self, split: Literal["train", "test"]) -> ImageSet:
        """Load a split. It has the same images at every call.

        Args:
            split: "train" or "test".

        Returns:
            Images (M, C, H, W) with the columns that `describe` names.

        Raises:
            DataError: The files are missing or damaged.

        Example:
            def load(self, split: Literal["train", "test"]) -> ImageSet:
                count = self.describe().sizes[split]
                labels = torch.arange(count) % 2
                row = (torch.arange(8) % 2 * 255).to(torch.uint8).expand(8, 8)
                images = torch.stack([row.T, row])[labels].unsqueeze(1)  # (M, 1, 8, 8)
                return ImageSet(images, {"label": labels})
        """

    def open(self, split: Split) -> ImageSet:
        """Load a split, with `validation` images moved from the training split to the validation split.

        Args:
            split: "train", "validation" or "test".

        Returns:
            The split's images, as `load` gives them. A validation split of no images is empty.

        Raises:
            DataError: As `load` does; or `validation` leaves no training images.
        """
        if split == "test":
            return self.load("test")
        whole = self.load("train")
        self._check_validation(whole.count)
        train, validation = whole.split_off(self.validation)
        return train if split == "train" else validation

    def check_sizes(self, info: DataInfo) -> None:
        """Check that `validation` leaves training images.

        Args:
            info: What `describe` gives.

        Raises:
            DataError: It does not.
        """
        self._check_validation(info.sizes["train"])

    def _check_validation(self, images: int) -> None:
        if self.validation >= images:
            raise DataError(f"data.validation: {self.validation} leaves none of {images} training images")


class Splits:
    """A dataset's splits by name: `splits["test"]`. Each is loaded on first use and kept."""

    def __init__(self, source: DataSource) -> None:
        self._source = source
        self._open: dict[Split, ImageSet] = {}

    @cached_property
    def info(self) -> DataInfo:
        """The dataset's description. Raises DataError where its files are missing or damaged."""
        return self._source.describe()

    def __getitem__(self, split: Split) -> ImageSet:
        """Load a split.

        Args:
            split: "train", "validation" or "test".

        Returns:
            Its images.

        Raises:
            DataError: The split is empty, or its files are missing or damaged.
            PluginError: The split is not as the source describes it.
        """
        if split not in self._open:
            images = self._source.open(split)
            if not len(images):
                raise DataError(
                    f"the {split} split is empty" + (": set data.validation" if split == "validation" else "")
                )
            _check_description(self._source, self.info, split, images)
            self._open[split] = images
        return self._open[split]


def _check_description(source: DataSource, info: DataInfo, split: Split, images: ImageSet) -> None:
    """Refuse a split that is not as `describe` says. Raises PluginError."""
    sizes = {**info.sizes, "train": info.sizes["train"] - source.validation}
    if source.validation:
        sizes["validation"] = source.validation
    wrong = []
    if images.count != sizes.get(split):
        wrong.append(f"{images.count} images, and not {sizes.get(split)}")
    if images.image != info.image:
        wrong.append(f"images of {images.image}, and not of {info.image}")
    if images.codec != info.codec:
        wrong.append(f"pixels stored as {images.codec}, and not as {info.codec}")
    if images.columns.keys() != info.columns.keys():
        wrong.append(f"the columns {list(images.columns)}, and not {list(info.columns)}")
    else:
        found = {name: column.mistake_in(images.columns[name]) for name, column in info.columns.items()}
        wrong.extend(f"in the column {name!r} {mistake}" for name, mistake in found.items() if mistake)
    if wrong:
        raise PluginError(f"the {split} split of {source.name()} is not as `describe` says: it has {'; '.join(wrong)}")

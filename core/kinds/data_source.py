"""Data sources: where real images come from."""

from abc import abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from gan_run.core.base.errors import DataError, PluginError, Problem, SpecError
from gan_run.core.images.feed import Feed, FeedContext, ShuffledFeed, saves_position
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo, Split
from gan_run.core.images.picture_decoder import PictureDecoder
from gan_run.core.images.pixel_range import check_range
from gan_run.core.kinds.component import Component
from gan_run.core.kinds.contract import ContractError, checked_type
from gan_run.core.kinds.spec_view import SpecView


class DataSource(Component):
    """A dataset of real images, in the splits train and test; validation images are its own or taken from train."""

    kind: ClassVar[str] = "data"
    validation: int = Field(
        default=0, ge=0, description="Number of images to hold out of the training split, from its end."
    )
    restart: bool = Field(
        default=False,
        description="For a stream that cannot save its position: a resumed run begins it anew, and sees other images "
        "than an uninterrupted run.",
    )

    @abstractmethod
    def describe(self) -> DataInfo:
        """Describe the dataset from headers, without decoding images. A source that downloads itself when images are
        loaded gives the published facts while its files are missing.

        Returns:
            Image shape, split sizes, columns and how pixels are stored. Sizes are those of `load`, before
            `validation` images are taken off the training split. A source with a validation split of its own gives
            that split's size too, and overrides `load_validation`. A source whose training split is a stream gives no
            size of it, and overrides `feed`.

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

    def load_validation(self) -> ImageSet | None:
        """Load the validation split that the dataset has of its own, which `validation` replaces where it is set.

        Returns:
            Its images; None for a dataset without such a split.

        Raises:
            DataError: The files are missing or damaged.

        Example:
            def load_validation(self) -> ImageSet | None:
                return None  # the images of `validation` are taken from the training split
        """
        return None

    def decoder(self) -> PictureDecoder | None:
        """How pictures become images of this dataset: a trained model encodes picture files by it.

        Returns:
            The decoder; None where the dataset is not made of picture files. Others are then cropped to the shape of
            its images.

        Example:
            def decoder(self) -> PictureDecoder | None:
                return PictureDecoder(size=64, channels=3, fit="crop", background="white")
        """
        return None

    def feed(self, context: FeedContext) -> Feed:
        """Decide which training images each batch has.

        Args:
            context: The training images, the batch size, the seed, the device.

        Returns:
            By default every image once per epoch, shuffled. A source whose training split is a stream gives a feed
            that reads it in order.

        Raises:
            DataError: The images cannot be read.

        Example:
            def feed(self, context: FeedContext) -> Feed:
                return ShuffledFeed(context)
        """
        if context.images is None:
            raise PluginError(f"{self.name()} gives no size of its training split, so it is a stream: override `feed`")
        return ShuffledFeed(context)

    def open(self, split: Split) -> ImageSet:
        """Load a split, with `validation` images moved from the training split to the validation split.

        Args:
            split: "train", "validation" or "test".

        Returns:
            The split's images, as `load` gives them. Without `validation`, the validation split is that of the dataset,
            or empty.

        Raises:
            DataError: As `load` does; or `validation` leaves no training images.
        """
        if split == "test":
            return self.load("test")
        if split == "validation" and not self.validation and (own := self.load_validation()) is not None:
            return own
        whole = checked_type(self.load("train"), ImageSet, self, ("data",), "load")
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
        if not info.is_stream:
            self._check_validation(info.sizes["train"])
        elif self.validation:
            raise DataError("data.validation: the training split is a stream, which has no end to take images from")

    def checked_feed(self, context: FeedContext) -> Feed:
        """The feed that training takes, unless a resumed run would silently see other images.

        Args:
            context: As for `feed`.

        Returns:
            What `feed` returns.

        Raises:
            SpecError: It is a stream that saves no position, and `restart` is not set; or `restart` is set for another
                feed.
        """
        feed = self.feed(context)
        starts_anew = context.data.is_stream and not saves_position(feed)
        if starts_anew and not self.restart:
            message = (
                f"{self.name()} is a stream that saves no position: a resumed run would begin it anew, and see other "
                'images than an uninterrupted one; "restart": true accepts that'
            )
            raise SpecError([Problem(("data",), message)])
        if self.restart and not starts_anew:
            message = f"{self.name()} continues where it was, and never begins anew: leave it out"
            raise SpecError([Problem(("data", "restart"), message)])
        return feed

    def _check_validation(self, images: int) -> None:
        if self.validation >= images:
            raise DataError(f"data.validation: {self.validation} leaves none of {images} training images")


class WrappedSource(DataSource):
    """A data source that changes another one, by the methods that a subclass overrides.

    `validation` and `restart` are given to this source, and not to the one inside.
    """

    source: DataSource = Field(description="The data source that is changed.")

    @property
    def inner(self) -> DataSource:
        """The data source inside, which holds out this one's `validation` images."""
        return self.source.model_copy(update={"validation": self.validation})

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for field in ("validation", "restart"):
            if getattr(self.source, field):
                yield Problem(("source", field), f"give it outside, as data.{field}")

    def describe(self) -> DataInfo:
        return self.inner.describe()

    def load(self, split: Literal["train", "test"]) -> ImageSet:
        return self.inner.load(split)

    def open(self, split: Split) -> ImageSet:
        # A subclass that overrides `load` changes what is opened, the validation images included.
        changed = type(self).load is not WrappedSource.load
        return super().open(split) if changed else self.inner.open(split)

    def check_sizes(self, info: DataInfo) -> None:
        self.inner.check_sizes(info)

    def decoder(self) -> PictureDecoder | None:
        return self.source.decoder()

    def feed(self, context: FeedContext) -> Feed:
        return self.inner.feed(context)


class Splits:
    """A dataset's splits by name: `splits["test"]`. Each is loaded on first use and kept."""

    def __init__(self, source: DataSource) -> None:
        self._source = source
        self._open: dict[Split, ImageSet] = {}

    @cached_property
    def info(self) -> DataInfo:
        """The dataset's description. Raises DataError where its files are missing or damaged."""
        return checked_type(self._source.describe(), DataInfo, self._source, ("data",), "describe")

    @property
    def training_images(self) -> ImageSet | None:
        """The training split; None where it is a stream. Raises as `splits["train"]` does."""
        return None if self.info.is_stream else self["train"]

    def __getitem__(self, split: Split) -> ImageSet:
        """Load a split.

        Args:
            split: "train", "validation" or "test".

        Returns:
            Its images.

        Raises:
            DataError: The split is a stream or empty, its files are missing or damaged, or its pixels use next to
                nothing of their range.
            PluginError: The split is not as the source describes it.
        """
        if split not in self._open:
            if why := self.info.why_no_set(split):
                raise DataError(why)
            images = checked_type(self._source.open(split), ImageSet, self._source, ("data",), "load")
            if not len(images):
                raise DataError(
                    f"the {split} split is empty" + (": set data.validation" if split == "validation" else "")
                )
            _check_description(self._source, self.info, split, images)
            if split == "train":
                check_range(images, has_field="range" in type(self._source).model_fields)
            self._open[split] = images
        return self._open[split]


def _check_description(source: DataSource, info: DataInfo, split: Split, images: ImageSet) -> None:
    """Refuse a split that is not as `describe` says. Raises PluginError."""
    sizes = dict(info.sizes)
    if source.validation:
        sizes |= {"train": sizes["train"] - source.validation, "validation": source.validation}
    wrong = []
    described = sizes.get(split, 0)
    if not described - images.skipped <= images.count <= described:
        wrong.append(f"{images.count} images, and not {described}")
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
        message = f"the {split} split of {source.name()} is not as `describe` says: it has {'; '.join(wrong)}"
        raise ContractError(source, ("data",), message)

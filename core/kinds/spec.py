"""The spec of an experiment."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Literal, cast

from pydantic import Field, StringConstraints

from gan_run.core.base.errors import Place, Problem, suggest
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.callback import DeclaredCallback
from gan_run.core.kinds.component import Component, numbered_by_type
from gan_run.core.kinds.data_source import DataSource
from gan_run.core.kinds.declaration import Declaration, mistake
from gan_run.core.kinds.discriminator import Discriminator
from gan_run.core.kinds.ema import EMAInImages
from gan_run.core.kinds.generator import Generator
from gan_run.core.kinds.latent import Latent, build_latents
from gan_run.core.kinds.latent_space import LatentSpace, code_dims_by_name, drawing_order, unknown_latent
from gan_run.core.kinds.loss import Loss
from gan_run.core.kinds.metric import Metric
from gan_run.core.kinds.model import RESERVED_NAMES
from gan_run.core.kinds.optimizer import Optimizer
from gan_run.core.kinds.plain_errors import said
from gan_run.core.kinds.schedule import wrong_value
from gan_run.core.kinds.spec_view import Class, Part
from gan_run.core.kinds.train import Train

RunName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100),
    said("a run's name has letters, digits, dots, _ and -, and begins with a letter or a digit"),
]
LatentName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=60),
    said("a latent's name has letters, digits, _ and -, and begins with a letter or _"),
]


class Spec(Declaration):
    """An experiment: a dataset, latents, a generator, a discriminator, losses, optimizers and how to train them."""

    schema_: str | None = Field(
        default=None, alias="$schema", exclude=True, description="A JSON schema, for editors; gan-run ignores it."
    )
    extends: str | None = Field(
        default=None,
        exclude=True,
        description="Another spec, which this one changes: a recipe, or a file relative to this one.",
    )
    format: Literal[1] = Field(default=1, description="Version of the spec format.")
    name: RunName = Field(description="Name of the run folder.")
    description: str = Field(default="", description="Free text.")
    seed: int = Field(default=0, ge=0, description="Seed of all random numbers.")
    data: DataSource = Field(description="The dataset of real images.")
    latents: dict[LatentName, Latent] = Field(
        min_length=1, max_length=1000, description="The generator's latents, by name."
    )
    generator: Generator = Field(description="Network that generates images from latents.")
    discriminator: Discriminator = Field(description="Network that separates real from generated images.")
    losses: tuple[Loss, ...] = Field(min_length=1, max_length=100, description="Terms of the players' objectives.")
    optimizers: dict[str, Optimizer] = Field(description="The optimizer of each player, by the player's name.")
    train: Train = Field(description="How training runs.")
    metrics: tuple[Metric, ...] = Field(default=(), description="Numbers to measure on the trained model.")
    artifacts: tuple[Artifact, ...] = Field(default=(), description="Files to render of the trained model.")
    callbacks: tuple[DeclaredCallback, ...] = Field(default=(), description="What follows the run, such as a logger.")

    @classmethod
    def with_present_names(cls, data: Mapping[str, object]) -> Mapping[str, object]:
        """Also moves `data.batch_size`, where earlier versions have it, to `train.batch_size`."""
        data = super().with_present_names(data)
        source, train = data.get("data"), data.get("train")
        if not (isinstance(source, Mapping) and "batch_size" in source and isinstance(train, Mapping)):
            return data
        rest = {name: value for name, value in source.items() if name != "batch_size"}
        size = source["batch_size"]
        if "batch_size" in train:
            message = "the former place of train.batch_size: give train.batch_size alone"
            raise mistake(cls.__name__, ("data", "batch_size"), message, size)
        message = "data.batch_size is now train.batch_size; its former place will be refused one day"
        warnings.warn(message, FutureWarning, stacklevel=2)
        return {**data, "data": rest, "train": {**train, "batch_size": size}}

    def losses_by_key(self) -> dict[str, Loss]:
        """The losses by the key that each has in logs and checkpoints.

        Returns:
            Losses by type; a second loss of one type is "TYPE-again-1", a third "TYPE-again-2".
        """
        return numbered_by_type(self.losses)

    def metrics_by_key(self) -> dict[str, Metric]:
        """The metrics, as `train.keep_best` and callbacks name them.

        Returns:
            Metrics by type; a second metric of one type is "TYPE-again-1".
        """
        return numbered_by_type(self.metrics)

    def components(self) -> Iterator[tuple[Place, Component]]:
        """All components of this spec, nested ones included.

        Returns:
            Each component with its path, in the spec's order.
        """
        yield from self.find_all(Component)

    def part(self, wanted: Class[Part], *place: str | int) -> Part:
        found = self.find(wanted, *place)
        assert found is not None, f"no {wanted} at {place}"
        return found

    def find(self, wanted: Class[Part], *place: str | int) -> Part | None:
        return next((part for where, part in self.find_all(wanted) if where == place), None)

    def find_all(self, wanted: Class[Part]) -> Iterator[tuple[Place, Part]]:
        assert isinstance(wanted, type)
        for place, part in _parts(self, ()):
            if isinstance(part, wanted):
                yield place, cast(Part, part)

    def problems(self, *, recorded: bool = False) -> list[Problem]:
        """Find mistakes in how components are combined that show without the dataset.

        Args:
            recorded: The spec is that of a run, which was trained with it, whatever was meant by its weights.

        Returns:
            The problems of every component's `check`, latents that `Model.sample` could not take as keywords, and
            codes with two encoders or none.
        """
        placed = [problem.within(*place) for place, part in self.components() for problem in part.check(self)]
        combined = [*self._codes_encoded_twice(), *self._observed_twice(), *self._missing_encoders()]
        alone = [
            *self._unread_base(),
            *self._train_problems(),
            *(() if recorded else self._loss_problems()),
            *self._reserved_names(),
            *self._dependences(),
        ]
        return [*placed, *alone, *combined]

    def data_problems(self, data: DataInfo) -> list[Problem]:
        """Find mistakes in how components are combined that show with the dataset.

        Args:
            data: The dataset's description.

        Returns:
            The problems of every component's `check_data`.
        """
        # Each stage takes what those before have accepted: other checks build the latents.
        stages = (self._latent_problems, self._unfitted_priors, self._codes_without_posterior, self._other_problems)
        return next((found for stage in stages if (found := list(stage(data)))), [])

    def latent_space(self, data: DataInfo) -> LatentSpace:
        return build_latents(self.latents, data)

    def class_names(self, data: DataInfo) -> dict[str, tuple[str, ...]]:
        """The names of the categories of conditions.

        Args:
            data: The dataset's description.

        Returns:
            Names by latent, of those whose categories the data names.
        """
        found = {name: latent.class_names(data) for name, latent in self.latents.items()}
        return {name: names for name, names in found.items() if names is not None}

    def encoder_losses(self) -> dict[str, int]:
        """The loss that trains each code's encoder.

        Returns:
            Index in `losses` by code; the first one if several encode the code, which `problems` reports.
        """
        first: dict[str, int] = {}
        for index, loss in enumerate(self.losses):
            for code in loss.encodes():
                first.setdefault(code, index)
        return first

    def check_latent(self, name: str, *place: str | int) -> Iterator[Problem]:
        if name not in self.latents:
            yield Problem(place, unknown_latent(name, self.latents))

    def check_code(self, name: str, *place: str | int) -> Iterator[Problem]:
        known = code_dims_by_name({latent: declared.count for latent, declared in self.latents.items()})
        if name not in known:
            yield Problem(place, unknown_latent(name, known))

    def check_condition(self, name: str, *place: str | int) -> Iterator[Problem]:
        yield from self.check_latent(name, *place)
        computed = {latent for loss in self.losses for latent in loss.observes()}
        if name in self.latents and not self.latents[name].observed_columns() and name not in computed:
            message = f"{name!r} has no known value on real images: use a latent that observes a column, such as "
            message += "label, or one that a loss computes"
            yield Problem(place, message)

    def _unread_base(self) -> Iterator[Problem]:
        if self.extends is not None:
            yield Problem(("extends",), "only the file of a spec can say what it extends")

    def _train_problems(self) -> Iterator[Problem]:
        train = self.train
        if isinstance(train.ema, EMAInImages):
            if wrong := wrong_value(train.ema.half_life, train.steps, lambda images: images >= 0):
                yield Problem(("train", "ema", "half_life"), f"{wrong}: a half-life cannot be negative")
        elif train.ema is not None and (wrong := wrong_value(train.ema, train.steps, lambda decay: 0 <= decay < 1)):
            yield Problem(("train", "ema"), f"{wrong} is no decay: it is at least 0 and less than 1")
        if train.batch_size % train.accumulate:
            message = f"{train.batch_size} images are not {train.accumulate} parts of equal size"
            yield Problem(("train", "accumulate"), message)
        if train.accumulate > 1 and train.reuse_fakes:
            yield Problem(("train", "reuse_fakes"), "not with train.accumulate: parts of the fakes share one graph")
        if train.keep_best is not None:
            yield from (problem.within("train", "keep_best") for problem in train.keep_best.check_watched(self))

    def _loss_problems(self) -> Iterator[Problem]:
        for index, loss in enumerate(self.losses):
            if wrong := wrong_value(loss.weight, self.train.steps, lambda weight: weight >= 0):
                message = f"{wrong}: a weight cannot be negative, since each loss is minimised; 0 leaves a loss out"
                yield Problem(("losses", index, "weight"), message)

    def _reserved_names(self) -> Iterator[Problem]:
        for name in RESERVED_NAMES & self.latents.keys():
            yield Problem(("latents", name), f"{name!r} is an argument of Model.sample: choose another name")

    def _dependences(self) -> Iterator[Problem]:
        """Latents that depend on what is no latent, or on each other in a circle, or have several copies."""
        depends_on = {name: latent.depends_on() for name, latent in self.latents.items()}
        drawn = drawing_order(depends_on)
        for name, others in depends_on.items():
            unknown = [other for other in others if other not in self.latents]
            if unknown:
                yield Problem(("latents", name), unknown_latent(unknown[0], self.latents))
            elif name not in drawn:
                yield Problem(("latents", name), f"{name!r} depends on itself, by way of {', '.join(others)}")
            elif others and self.latents[name].count > 1:
                yield Problem(("latents", name, "count"), "a latent that depends on others has one copy: set it to 1")

    def _observed_twice(self) -> Iterator[Problem]:
        first: dict[str, int] = {}
        for index, loss in enumerate(self.losses):
            for latent in loss.observes():
                if latent in self.latents and self.latents[latent].observed_columns():
                    message = f"the latent {latent!r} observes a column of the data already"
                    yield Problem(("losses", index), message)
                elif first.setdefault(latent, index) != index:
                    message = f"losses[{first[latent]}] computes the latent {latent!r} of real images already"
                    yield Problem(("losses", index), message)

    def _latent_problems(self, data: DataInfo) -> Iterator[Problem]:
        for name, latent in self.latents.items():
            for column in latent.observed_columns():
                if column not in data.columns:
                    message = f"the data has no column {column!r}{suggest(column, data.columns)}"
                    yield Problem(("latents", name), message)
        yield from self._checked(data, lambda place: place[0] == "latents")

    def _other_problems(self, data: DataInfo) -> Iterator[Problem]:
        yield from self._checked(data, lambda place: place[0] != "latents")

    def _checked(self, data: DataInfo, where: Callable[[Place], bool]) -> Iterator[Problem]:
        """The problems that the components at some places find."""
        for place, part in self.components():
            if where(place):
                yield from (problem.within(*place) for problem in part.check_data(self, data))

    def _unfitted_priors(self, data: DataInfo) -> Iterator[Problem]:
        """Latents whose prior is fitted to the training images, where these are a stream."""
        if not data.is_stream:
            return
        space = self.latent_space(data)
        for name in space:
            if space[name].fits_prior:
                kind = self.latents[name].name()
                message = (
                    f"a {kind} is drawn as all training images have it, and these are a stream: choose a latent with a "
                    "prior of its own, such as categorical or gaussian, or load the images as a set"
                )
                yield Problem(("latents", name), message)

    def _codes_without_posterior(self, data: DataInfo) -> Iterator[Problem]:
        latents = self.latent_space(data)
        for index, loss in enumerate(self.losses):
            for code in loss.encodes():
                if code in self.latents and not latents[code].posterior_width:
                    message = f"the latent {code!r} is noise or a condition: it has no posterior that could recover it"
                    yield Problem(("losses", index), message)

    def _codes_encoded_twice(self) -> Iterator[Problem]:
        first = self.encoder_losses()
        for index, loss in enumerate(self.losses):
            for code in loss.encodes():
                if first[code] != index:
                    yield Problem(("losses", index), f"losses[{first[code]}] encodes the code {code!r} already")

    def _missing_encoders(self) -> Iterator[Problem]:
        encoded = self.encoder_losses()
        for index, loss in enumerate(self.losses):
            for code in loss.requires_encoders():
                if code not in encoded:
                    message = f"no loss trains an encoder of the code {code!r}{suggest(code, encoded)}"
                    yield Problem(("losses", index), message)


def dump(spec: Spec) -> dict[str, object]:
    """A spec as JSON, every default written out."""
    # A type qualified by its distribution ("acme:hinge") is no value of its class's literal: it need not warn.
    return spec.model_dump(mode="json", warnings=False)


def _parts(value: object, place: Place) -> Iterator[tuple[Place, Declaration]]:
    """`value` and everything in it that is a declaration, each with its path."""
    if isinstance(value, Declaration):
        yield place, value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name), (*place, name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _parts(item, (*place, key))
    elif isinstance(value, (tuple, list)):
        for index, item in enumerate(value):
            yield from _parts(item, (*place, index))

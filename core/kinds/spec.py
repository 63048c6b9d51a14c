"""An experiment as data."""

from collections.abc import Iterator
from typing import Annotated, Literal, cast

from pydantic import Field, StringConstraints

from gan_run.core.base.device import Precision
from gan_run.core.base.errors import Place, Problem, suggest
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.artifact import Artifact
from gan_run.core.kinds.component import Class, Component, Declaration, Part, SpecPath
from gan_run.core.kinds.data_source import DataSource
from gan_run.core.kinds.latent import Latent
from gan_run.core.kinds.latent_space import code_dims_by_name, unknown_latent
from gan_run.core.kinds.loss import Loss
from gan_run.core.kinds.metric import Metric
from gan_run.core.kinds.network import Discriminator, Generator
from gan_run.core.kinds.optimizer import Optimizer

RunName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
LatentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=60)]


class Train(Declaration):
    """How long and how training runs."""

    steps: int = Field(ge=1, description="A step is all players once through, each its number of updates.")
    checkpoint_every: int = Field(default=1000, ge=1, description="Steps between two checkpoints.")
    log_every: int = Field(default=50, ge=1, description="Steps between two lines of metrics.jsonl.")
    keep: int = Field(default=2, ge=1, description="How many of the latest checkpoints stay, beside the final one.")
    device: str = Field(default="auto", description="A torch device; auto is an accelerator where there is one.")
    precision: Precision = Field(
        default="fp32",
        description="tf32: fp32, with TF32 products on a CUDA device; auto: what a timed step is fastest with.",
    )
    channels_last: bool = Field(
        default=False, description="Whether weights of convolutions lie in memory channels last, as a GPU may prefer."
    )
    cudnn_benchmark: bool = Field(
        default=False, description="On a CUDA device: whether cuDNN times its algorithms and takes the fastest."
    )
    ema: float | None = Field(default=0.999, ge=0, lt=1, description="Decay of the generator's average; null for none.")
    clip: float | None = Field(default=None, gt=0, description="Bound on the norm of each player's gradient.")
    updates: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={}, description="Updates per step of a player, where it is not one."
    )
    compile: bool = Field(
        default=False, description="Whether torch.compile makes each update faster; its first steps take long."
    )
    sync_batch_norm: bool = Field(
        default=False, description="Of several processes on GPUs: whether batch norm goes by the whole batch."
    )
    reuse_fakes: bool = Field(
        default=False, description="Whether the generator is trained by the fakes of the update before it."
    )
    init_from: SpecPath | None = Field(default=None, description="A run whose weights training starts from.")


class Spec(Declaration):
    """A GAN is latents, a generator, a discriminator and a list of losses."""

    schema_: str | None = Field(default=None, alias="$schema", description="For editors; means nothing to gan-run.")
    format: Literal[1] = Field(default=1, description="Of this file.")
    name: RunName = Field(description="The run folder's name.")
    description: str = Field(default="", description="For people.")
    seed: int = Field(default=0, ge=0, description="All that is random follows from it and the step's number.")
    data: DataSource = Field(description="Where real images come from.")
    latents: dict[LatentName, Latent] = Field(min_length=1, description="The generator's input, by name.")
    generator: Generator = Field(description="What makes images of the latents.")
    discriminator: Discriminator = Field(description="What tells real images from generated ones.")
    losses: tuple[Loss, ...] = Field(min_length=1, description="What the players minimise.")
    optimizers: dict[str, Optimizer] = Field(description="One for each player, by its name.")
    train: Train = Field(description="How long and how training runs.")
    metrics: tuple[Metric, ...] = Field(default=(), description="What is measured at the end.")
    artifacts: tuple[Artifact, ...] = Field(default=(), description="What is drawn at the end.")

    def losses_by_key(self) -> dict[str, Loss]:
        """Each loss under the name it has in logs and checkpoints: its type, numbered where a type recurs."""
        keyed: dict[str, Loss] = {}
        for loss in self.losses:
            key = loss.name()
            recurring = sum(other == key or other.startswith(f"{key}-again-") for other in keyed)
            keyed[f"{key}-again-{recurring}" if recurring else key] = loss
        return keyed

    def components(self) -> Iterator[tuple[Place, Component]]:
        """Every component in this spec, nested ones too, with its place."""
        yield from self.find_all(Component)

    def part(self, wanted: Class[Part], *place: str | int) -> Part:
        """The part at `place`, which every spec has."""
        found = self.find(wanted, *place)
        assert found is not None, f"no {wanted} at {place}"
        return found

    def find(self, wanted: Class[Part], *place: str | int) -> Part | None:
        """The part at `place`, if there is one of this class."""
        return next((part for where, part in self.find_all(wanted) if where == place), None)

    def find_all(self, wanted: Class[Part]) -> Iterator[tuple[Place, Part]]:
        """Every part of this class, with its place."""
        assert isinstance(wanted, type)
        for place, part in _parts(self, ()):
            if isinstance(part, wanted):
                yield place, cast(Part, part)

    def problems(self) -> list[Problem]:
        """Mistakes of composition that show without the data."""
        placed = [problem.within(*place) for place, part in self.components() for problem in part.check(self)]
        return [*placed, *self._read_twice(), *self._unread()]

    def readers(self) -> dict[str, int]:
        """The first loss whose encoder reads it, by code."""
        first: dict[str, int] = {}
        for index, loss in enumerate(self.losses):
            for code in loss.encodes():
                first.setdefault(code, index)
        return first

    def check_latent(self, name: str, *place: str | int) -> Iterator[Problem]:
        """The problem, at `place`, of a name that no latent has."""
        if name not in self.latents:
            yield Problem(place, unknown_latent(name, self.latents))

    def check_code(self, name: str, *place: str | int) -> Iterator[Problem]:
        """The problem, at `place`, of a name that is neither a latent's nor, as `c[1]`, that of one of its copies."""
        known = code_dims_by_name({latent: declared.count for latent, declared in self.latents.items()})
        if name not in known:
            yield Problem(place, unknown_latent(name, known))

    def check_condition(self, name: str, *place: str | int) -> Iterator[Problem]:
        """The problem, at `place`, of a condition that is no latent or that nobody knows of real images."""
        yield from self.check_latent(name, *place)
        if name in self.latents and not self.latents[name].observes_labels():
            yield Problem(place, f"nobody knows {name!r} of a real image: it has to be a latent that labels tell")

    def _read_twice(self) -> Iterator[Problem]:
        first = self.readers()
        for index, loss in enumerate(self.losses):
            for code in loss.encodes():
                if first[code] != index:
                    yield Problem(("losses", index), f"losses[{first[code]}] reads the code {code!r} already")

    def _unread(self) -> Iterator[Problem]:
        codes = self.readers()
        for index, loss in enumerate(self.losses):
            for code in loss.requires_encoders():
                if code not in codes:
                    message = f"it needs the code {code!r} read off images, which no loss does{suggest(code, codes)}"
                    yield Problem(("losses", index), message)

    def data_problems(self, data: DataInfo) -> list[Problem]:
        """Mistakes of composition that only the data shows."""
        return [problem.within(*place) for place, part in self.components() for problem in part.check_data(self, data)]


def _parts(value: object, place: Place) -> Iterator[tuple[Place, Declaration]]:
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

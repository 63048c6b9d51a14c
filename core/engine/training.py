"""A game, its players and its data, at some step: the state of training, and one step of it."""

from contextlib import AbstractContextManager, nullcontext
from typing import Self

import torch
from torch import Tensor, nn

from gan_run.core.base.cuda_settings import cuda_settings
from gan_run.core.base.device import autocast
from gan_run.core.base.distributed import SINGLE, World
from gan_run.core.base.randomness import derive_seed, seed_everything
from gan_run.core.engine.ema import EMA
from gan_run.core.engine.game import Game, build_game
from gan_run.core.engine.inspection import inspect
from gan_run.core.engine.player import players
from gan_run.core.engine.scalars import LatestScalars, name_scalars
from gan_run.core.engine.update import FakeCache, Losses
from gan_run.core.images.feed import Feed, FeedContext
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.images.read_ahead import ReadAhead
from gan_run.core.kinds.code_names import NO_CODE_NAMES
from gan_run.core.kinds.contract import checked_type
from gan_run.core.kinds.ema import decay_at
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.schedule import FollowsProgress, Progress
from gan_run.core.kinds.spec import Spec
from gan_run.core.nn.layers import to_channels_last


class Training:
    """A game, its players and its data, at some step.

    Args:
        spec: The experiment, with nothing left to `auto`.
        info: The description of its data.
        images: The training images; None where they are a stream.
        world: The processes that train together.
        rollbacks: How often the run went back to an earlier checkpoint. Each time other random numbers are drawn.

    Raises:
        SpecError: The spec names a player that does not exist, a player has no optimiser, or a resumed run would see
            other images.
        PluginError: A component breaks its contract.
    """

    def __init__(
        self, spec: Spec, info: DataInfo, images: ImageSet | None, world: World = SINGLE, rollbacks: int = 0
    ) -> None:
        seed_everything(spec.seed, "initialisation")
        self.spec = spec
        self.info = info
        self.device = torch.device(spec.train.device)
        # Modules train from the start; one that its component left in evaluation mode, as a frozen network, stays so.
        game: nn.Module = build_game(spec, info, images).to(self.device)
        if spec.train.sync_batch_norm and world.count > 1:
            game = nn.SyncBatchNorm.convert_sync_batchnorm(game)  # type: ignore[no-untyped-call]  # torch leaves it so
        assert isinstance(game, Game)
        if spec.train.channels_last:
            to_channels_last(game)
        self.game = game
        self.images = None if images is None else images.to(self.device)
        if self.images is not None and self.images.columns:
            self.game.latents.fit_prior(self.images.columns)
        self.ema = None if spec.train.ema is None else EMA(self.game.stack)
        self.world = world
        self.autocast = autocast(self.device, spec.train.precision)
        self.players = players(self.game, spec, self.autocast, world)
        self._generator_parameters = list(self.game.owned()["generator"].values())
        self.scalars = LatestScalars()
        self.real: Tensor | None = None
        """The real images of the last update, (N, C, H, W), of this process alone; None before the first."""
        self.step = 0
        self.rollbacks = rollbacks
        self._draw: tuple[str | int, ...] = ("rollback", rollbacks) if rollbacks else ()
        self._followers = [module for module in self.game.modules() if isinstance(module, FollowsProgress)]
        self._batches_per_step = max(player.updates for player in self.players)
        # A stream goes on where it was: its position is one in the order of the seed.
        seed = derive_seed(spec.seed, *self._draw) if rollbacks and images is not None else spec.seed
        context = FeedContext(info, self.images, spec.train.batch_size, seed, self.device, world)
        feed = checked_type(spec.data.checked_feed(context), Feed, spec.data, ("data",), "feed")
        self.feed = ReadAhead(feed, self._batches_per_step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """End the threads that read batches ahead."""
        self.feed.close()

    def initialise(self) -> None:
        """Give networks the pretrained weights that the spec names. A run does it once, before its first step.

        Raises:
            DataError: A file is missing or does not fit.
        """
        self.spec.generator.initialise(self.game.stack.generator)
        self.spec.discriminator.trunk.initialise(self.game.discriminator.trunk)

    def inspect(self) -> None:
        """Compare what each component computes of the next step's batch with its contract; nothing changes.

        Raises:
            ContractError: A component breaks it.
        """
        with cuda_settings(self.device, self.spec.train.precision, self.spec.train.cudnn_benchmark):
            self._prepare()
            inspect(self, self.feed.batch(self.step * self._batches_per_step))

    def advance(self) -> dict[str, Losses]:
        """Take one step: the updates of all players. Returns the losses of each player's last update."""
        train = self.spec.train
        with cuda_settings(self.device, train.precision, train.cudnn_benchmark):
            return self._advance()

    def _advance(self) -> dict[str, Losses]:
        seed_everything(self.spec.seed, "step", self.step, *self._draw)
        progress = self._prepare()
        fake_cache = FakeCache(self._generator_parameters) if self.spec.train.reuse_fakes else None
        losses: dict[str, Losses] = {}
        for player in self.players:
            for update in range(player.updates):
                with self.phase("data"):
                    batch = self.feed.batch(self.step * self._batches_per_step + update)
                    self.real = batch.images
                # Only the fakes of the discriminator's last update are used again.
                shares_fakes = player.generates or (player.name == "discriminator" and update == player.updates - 1)
                with self.phase(player.name):
                    found = player.update(progress, batch, fake_cache if shares_fakes else None)
                if found is not None:
                    losses[player.name] = found
        train = self.spec.train
        if self.ema is not None and train.ema is not None:
            with self.phase("averaging"):
                decay = decay_at(train.ema, progress, train.batch_size, self.ema.count)
                self.ema.update(self.game.stack, decay)
        self.step += 1
        return losses

    def _prepare(self) -> Progress:
        """Let the modules that follow the step know it."""
        progress = Progress(self.step, self.spec.train.steps)
        for module in self._followers:
            module.before_step(progress)
        return progress

    def phase(self, name: str) -> AbstractContextManager[object]:
        """A context around each part of a step. A subclass may measure how long it takes."""
        return nullcontext()

    def model(self, batch_statistics: bool = False) -> Model:
        """The model as it is now: a copy in evaluation mode.

        Args:
            batch_statistics: Whether batch norms use the statistics of each batch, as in training. It is the cheaper
                copy: the EMA needs no standing statistics then.
        """
        average = None if self.ema is None else self.ema.stack
        names = NO_CODE_NAMES.with_classes(self.game.latents, self.spec.class_names(self.info))
        return self.game.model(self.info, self.device, average, names, batch_statistics)


def read_scalars(losses: dict[str, Losses]) -> dict[str, float]:
    """Every objective and report as a number, by PLAYER/LOSS and PLAYER/LOSS/REPORT. Waits for the device."""
    return {name: float(value) for name, value in name_scalars(losses).items()}

"""Everything that is trained, built from a spec: latents, generator, discriminator and the terms of the losses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import nn

from gan_run.core.base.errors import Place, PluginError, Problem, SpecError, suggest
from gan_run.core.engine.ownership import (
    assign_parameters,
    check_no_shared_tensors,
    check_objectives,
    check_player_names,
)
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.images.picture_decoder import PictureDecoder
from gan_run.core.kinds.code_names import NO_CODE_NAMES, CodeNames
from gan_run.core.kinds.contract import checked_type
from gan_run.core.kinds.discriminator import DiscriminatorModule
from gan_run.core.kinds.generator import GeneratorStack
from gan_run.core.kinds.latent import build_latents
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.loss import Encoder, Loss, LossContext, LossTerm
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.schedule import Schedule
from gan_run.core.kinds.spec import Spec


class Terms(nn.Module):
    """The terms of all losses by key. An nn.ModuleDict would refuse a loss that is called `update` or `items`."""

    def __init__(self, terms: Mapping[str, LossTerm]) -> None:
        super().__init__()
        # Not add_module, which refuses the names of this module's own attributes. No lookup confuses the two: Python
        # finds attributes first, and torch walks this dictionary.
        self._modules.update(terms)

    def __getitem__(self, key: str) -> LossTerm:
        term = self._modules[key]
        assert isinstance(term, LossTerm)
        return term

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)


class Game(nn.Module):
    """The modules of one experiment. Its state dict is what a checkpoint's model file holds.

    Args:
        stack: The latents and the generator.
        discriminator: The trunk and the head.
        terms: The term of each loss, by key.
        schedules: The schedules that terms evaluate (`UpdateContext.value`).

    Raises:
        PluginError: A term breaks its contract: see `core.engine.ownership`.
    """

    def __init__(
        self,
        stack: GeneratorStack,
        discriminator: DiscriminatorModule,
        terms: Mapping[str, LossTerm],
        schedules: Sequence[Schedule] = (),
    ) -> None:
        super().__init__()
        self.stack = stack
        self.discriminator = discriminator
        self.terms = Terms(terms)
        self.schedules = tuple(schedules)
        self._observers = tuple(key for key, term in terms.items() if type(term).observe is not LossTerm.observe)
        modules = self._modules_by_player()
        check_player_names(modules)
        # By name, since what requires gradients now is the only record of what is frozen: updates switch it.
        self._assigned = assign_parameters(self, modules)
        check_no_shared_tensors(self)
        check_objectives(terms, modules)

    @property
    def observers(self) -> tuple[str, ...]:
        """The keys of the terms that observe latents on real images."""
        return self._observers

    @property
    def latents(self) -> LatentSpace:
        return self.stack.latents

    def term(self, key: str) -> LossTerm:
        """The term of one loss, by its key."""
        return self.terms[key]

    def encoders(self) -> list[Encoder]:
        """The encoders of all terms."""
        found = (self.term(key).encoder() for key in self.terms)
        return [encoder for encoder in found if encoder is not None]

    def model(
        self,
        info: DataInfo,
        device: torch.device,
        averaged: GeneratorStack | None,
        code_names: CodeNames = NO_CODE_NAMES,
        batch_statistics: bool = False,
        decoder: PictureDecoder | None = None,
    ) -> Model:
        """A copy in evaluation mode.

        Args:
            info: The description of the data.
            device: Where the game's tensors are.
            averaged: What generates images instead of the trained generator, if given.
            code_names: The names of codes and of their values.
            batch_statistics: Whether batch norms use the statistics of each batch.
            decoder: How the dataset decodes picture files; None for the centre in the images' size.
        """
        networks = (self.stack, self.discriminator, self.encoders())
        return Model(*networks, info.image, device, averaged, code_names, info.codec, batch_statistics, decoder)

    def owned(self) -> dict[str, dict[str, nn.Parameter]]:
        """The parameters that each player trains, by full name.

        Returns:
            Players in the order in which they take their updates: those that losses bring, the discriminator, the
            generator. What did not require gradients when the game was built is frozen and belongs to no player.
        """
        parameters = dict(self.named_parameters())
        return {player: {name: parameters[name] for name in names} for player, names in self._assigned.items()}

    def brought_by(self, player: str) -> str:
        """The losses that bring a player, for messages: " of the loss 'infogan-cr'"; "" for D and G."""
        keys = [repr(key) for key in self.terms if player in self.term(key).trained_by()]
        return "" if player in ("discriminator", "generator") else f" of the loss {' and '.join(keys)}"

    def _modules_by_player(self) -> dict[str, list[nn.Module]]:
        modules: dict[str, list[nn.Module]] = {}
        for key in self.terms:
            for player, module in self.term(key).trained_by().items():
                if not isinstance(module, nn.Module):
                    what = f"trained_by of the loss {key!r} has a {type(module).__name__} for the player {player!r}"
                    raise PluginError(f"{what}, not a module: put a parameter into an nn.Module or nn.ParameterList")
                modules.setdefault(player, []).append(module)
        modules["discriminator"] = [self.discriminator, *modules.pop("discriminator", [])]
        modules["generator"] = [self.stack, *modules.pop("generator", [])]
        return modules


def build_game(spec: Spec, data: DataInfo, images: ImageSet | None = None) -> Game:
    """Build the modules that `spec` describes, initialised from torch's global random stream.

    Args:
        spec: The experiment.
        data: The description of its data.
        images: The training images, which some losses need to be trained; None to restore a finished model.

    Raises:
        SpecError: The spec names a player that does not exist, or a player has no optimiser.
        PluginError: A loss breaks its contract.
    """
    latents = build_latents(spec.latents, data)
    generator = checked_type(spec.generator.build(latents, data.image), nn.Module, spec.generator, ("generator",))
    discriminator = spec.discriminator.module(latents, data.image)
    context = LossContext(data, latents, generator, discriminator, {}, images)
    terms = _build_terms(spec.losses_by_key(), context)
    game = Game(GeneratorStack(latents, generator), discriminator, terms, _schedules_of_terms(spec))
    _refuse_unknown_players(spec, game)
    return game


def _schedules_of_terms(spec: Spec) -> list[Schedule]:
    """The schedules in the losses, but those of their weights, which the player evaluates."""
    found = spec.find_all(Schedule)
    return [schedule for place, schedule in found if place[0] == "losses" and place[2:] != ("weight",)]


def _build_terms(losses: Mapping[str, Loss], context: LossContext) -> dict[str, LossTerm]:
    """Build each term after those whose encoders it requires. The result is in the spec's order."""
    terms: dict[str, LossTerm] = {}
    while waiting := {key: loss for key, loss in losses.items() if key not in terms}:
        ready = [key for key, loss in waiting.items() if context.encoders.keys() >= set(loss.requires_encoders())]
        assert ready, f"{', '.join(waiting)} require each other's encoders"
        loss, place = losses[ready[0]], ("losses", list(losses).index(ready[0]))
        term = terms[ready[0]] = checked_type(loss.build(context), LossTerm, loss, place)
        encoder = term.encoder()
        encoders = {} if encoder is None else dict.fromkeys(encoder.codes, encoder)
        context = replace(context, encoders={**context.encoders, **encoders})
    return {key: terms[key] for key in losses}


def _refuse_unknown_players(spec: Spec, game: Game) -> None:
    players = game.owned()
    problems = [
        Problem(("optimizers",), f"the player {player!r}{game.brought_by(player)} has none")
        for player, parameters in players.items()
        if parameters and player not in spec.optimizers
    ]
    named: dict[Place, Iterable[str]] = {("optimizers",): spec.optimizers, ("train", "updates"): spec.train.updates}
    for place, names in named.items():
        for name in names:
            if name not in players:
                problems.append(Problem((*place, name), f"no such player{suggest(name, players)}"))
    if problems:
        raise SpecError(problems, spec.name)

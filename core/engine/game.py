"""Everything that is trained, built from a spec: latents, generator, discriminator and the terms of the losses."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import torch
from torch import nn

from gan_run.core.base.errors import Place, Problem, SpecError, suggest
from gan_run.core.base.image import ImageShape
from gan_run.core.images.image_set import ImageSet
from gan_run.core.images.info import DataInfo
from gan_run.core.kinds.code_names import NO_CODE_NAMES, CodeNames
from gan_run.core.kinds.latent import LatentContext
from gan_run.core.kinds.latent_space import LatentSpace
from gan_run.core.kinds.loss import Encoder, Loss, LossContext, LossTerm
from gan_run.core.kinds.model import Model
from gan_run.core.kinds.network import DiscriminatorModule, GeneratorStack
from gan_run.core.kinds.spec import Spec


class Game(nn.Module):
    """The modules of one experiment. Its state dict is what a checkpoint's model file holds."""

    def __init__(
        self, stack: GeneratorStack, discriminator: DiscriminatorModule, terms: Mapping[str, LossTerm]
    ) -> None:
        super().__init__()
        self.stack = stack
        self.discriminator = discriminator
        self.terms = nn.ModuleDict(terms)

    @property
    def latents(self) -> LatentSpace:
        return self.stack.latents

    def term(self, key: str) -> LossTerm:
        """The term of one loss, by its key."""
        term = self.terms[key]
        assert isinstance(term, LossTerm)
        return term

    def encoders(self) -> list[Encoder]:
        """Those of all terms."""
        found = (self.term(key).encoder() for key in self.terms)
        return [encoder for encoder in found if encoder is not None]

    def model(
        self,
        image: ImageShape,
        device: torch.device,
        averaged: GeneratorStack | None,
        code_names: CodeNames = NO_CODE_NAMES,
    ) -> Model:
        """A copy to look at, which draws images with `averaged` if that is given."""
        return Model(self.stack, self.discriminator, self.encoders(), image, device, averaged, code_names)

    def owned(self) -> dict[str, dict[str, nn.Parameter]]:
        """Each player's parameters by full name, in the order in which players move: those that losses bring, the
        discriminator, the generator."""
        modules: dict[str, list[nn.Module]] = {}
        for key in self.terms:
            for player, module in self.term(key).trained_by().items():
                modules.setdefault(player, []).append(module)
        modules["discriminator"] = [self.discriminator, *modules.pop("discriminator", [])]
        modules["generator"] = [self.stack, *modules.pop("generator", [])]

        owner: dict[int, str] = {}
        for player, owned in modules.items():
            for parameter in (parameter for module in owned for parameter in module.parameters()):
                assert owner.setdefault(id(parameter), player) == player, f"{player} trains what another player trains"
        players: dict[str, dict[str, nn.Parameter]] = {player: {} for player in modules}
        for name, parameter in self.named_parameters():
            assert id(parameter) in owner, f"no player trains {name}: its term must name one in `trained_by`"
            players[owner[id(parameter)]][name] = parameter
        return players


def build_game(spec: Spec, data: DataInfo, images: ImageSet | None = None) -> Game:
    """The modules that `spec` describes, initialised from torch's global stream; to be trained, they need the images.
    Raises SpecError if it names players that there are not, or leaves one without an optimiser."""
    latents = LatentSpace({name: latent.module(LatentContext(data)) for name, latent in spec.latents.items()})
    generator = spec.generator.build(latents, data.image)
    discriminator = spec.discriminator.module(latents, data.image)
    context = LossContext(data, latents, generator, discriminator, {}, images)
    game = Game(GeneratorStack(latents, generator), discriminator, _build_terms(spec.losses_by_key(), context))
    _refuse_unknown_players(spec, game)
    return game


def _build_terms(losses: Mapping[str, Loss], context: LossContext) -> dict[str, LossTerm]:
    """In the order in which they need each other's encoders; else in the spec's."""
    terms: dict[str, LossTerm] = {}
    while waiting := {key: loss for key, loss in losses.items() if key not in terms}:
        ready = [key for key, loss in waiting.items() if context.encoders.keys() >= set(loss.requires_encoders())]
        assert ready, f"{', '.join(waiting)} need each other's encoders"
        term = terms[ready[0]] = losses[ready[0]].build(context)
        encoder = term.encoder()
        read = {} if encoder is None else dict.fromkeys(encoder.codes, encoder)
        context = replace(context, encoders={**context.encoders, **read})
    return {key: terms[key] for key in losses}


def _refuse_unknown_players(spec: Spec, game: Game) -> None:
    players = game.owned()
    problems = [
        Problem(("optimizers",), f"the player {player!r} has none")
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

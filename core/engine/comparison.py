"""Whether generated images are compared with real ones: whether the losses of a spec make a GAN."""

from collections.abc import Iterable
from functools import partial

from torch import Tensor

from gan_run.core.engine.player import Player
from gan_run.core.kinds.update_context import UpdateContext

ALONE = "no loss compares generated images with real ones"
REMEDY = "an adversarial loss does both (`gan-run components loss` lists all losses)"


class Comparison:
    """Follows the gradients of a step's objectives to the discriminator's logits.

    In a GAN, D's objective depends on its logits of real and of generated images, and G's on those of generated ones.
    Logits that a loss computed by `UpdateContext.discriminate` may be of either.

    Args:
        players: Those of a game, before a step. The next update of each is looked at.
    """

    def __init__(self, players: Iterable[Player]) -> None:
        self._players = list(players)
        self._reached: dict[str, set[str]] = {player.name: set() for player in self._players}
        for player in self._players:
            player.watch(partial(self._follow, player))

    def problem(self) -> str | None:
        """End the observation, and say what is missing; None where a GAN is trained."""
        for player in self._players:
            player.watch(None)
        missing = []
        if not self._depends("discriminator", "real", "fake"):
            missing.append("the discriminator's objective does not depend on its logits of both")
        if not self._depends("generator", "fake"):
            missing.append("the generator's objective does not depend on the discriminator's logits of its images")
        return f"{ALONE}: {', and '.join(missing)}; {REMEDY}" if missing else None

    def _depends(self, player: str, *images: str) -> bool:
        reached = self._reached.get(player)
        if reached is None:  # it has nothing to train, as a frozen network: what it lacks says nothing
            return True
        return "other" in reached or reached.issuperset(images)

    def _follow(self, player: Player, update: UpdateContext) -> None:
        player.watch(None)  # one update is enough, and of a batch in parts the first
        for name, output in update.computed_outputs():
            if output.logits.requires_grad:
                output.logits.register_hook(partial(self._reach, player.name, name))  # type: ignore[no-untyped-call]  # torch

    def _reach(self, player: str, name: str, gradient: Tensor) -> None:
        # Also where it is 0: a hinge has no slope at logits beyond its margin.
        self._reached[player].add(name)

"""The loss `ali`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import softplus

from gan_run import DataInfo, Encoder, Loss, LossContext, LossTerm, Problem, SpecView, Trunk, UpdateContext, Values
from gan_run.plugins.losses.ali.encoder import InferenceNetwork

OBJECTIVES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "non-saturating": lambda logits: softplus(logits).mean(),
    "linear": lambda logits: logits.mean(),
}
"""What the encoder minimises, given D's logits of real pairs."""


class ALI(Loss):
    """Adversarially learned inference (Dumoulin et al. 2016, arXiv 1606.00704), also known as BiGAN (Donahue et al.
    2016, arXiv 1605.09782).

    An encoder E infers latents of real images, and D compares pairs (x, E(x)) with pairs (G(z), z). D sees the latents
    by its head, such as `joint` or `projection`. The adversarial loss, penalties and augmentations are those of the
    spec; this loss adds what E minimises, so that D takes its pairs for fake. The generator's player trains E.
    """

    type: Literal["ali"] = "ali"
    latents: tuple[str, ...] = Field(
        default=("z",), min_length=1, description="Continuous latents that E infers; D's head has to see them."
    )
    network: Trunk = Field(description="E's network; a linear layer follows it.")
    stochastic: bool = Field(
        default=True,
        description="Whether E draws from its posterior, as in ALI: the latents need `learn_std`. Otherwise it takes "
        "the mode, as in BiGAN.",
    )
    objective: Literal["non-saturating", "linear"] = Field(
        default="non-saturating",
        description="What E minimises of the logits of real pairs: the cross-entropy of the label fake, or their mean, "
        "which goes with hinge and wasserstein.",
    )

    def encodes(self) -> Iterable[str]:
        return self.latents

    def observes(self) -> Iterable[str]:
        return self.latents

    def check(self, spec: SpecView) -> Iterable[Problem]:
        for index, name in enumerate(self.latents):
            yield from spec.check_latent(name, "latents", index)

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        latents = spec.latent_space(data)
        for index, name in enumerate(self.latents):
            latent = latents[name]
            if not latent.posterior_width or latent.cardinality is not None or latent.depends_on:
                yield Problem(("latents", index), f"{name!r} is no continuous latent by itself that can be inferred")

    def build(self, context: LossContext) -> "ALITerm":
        network = self.network.build(context.data.image)
        return ALITerm(self, InferenceNetwork(network, context.latents, self.latents))


class ALITerm(LossTerm):
    """E's objective, beside that of G. Reports nothing: D's losses tell how the game goes."""

    def __init__(self, declared: ALI, inference: InferenceNetwork) -> None:
        super().__init__()
        self.inference = inference
        self._declared = declared

    def trained_by(self) -> Mapping[str, nn.Module]:
        return {"generator": self.inference}

    def encoder(self) -> Encoder:
        return self.inference

    def observe(self, update: UpdateContext) -> Values:
        # Detached: a penalty's gradient at an image is that of D alone, with E's answer held.
        return self.inference.infer(update.real.detach(), self._declared.stochastic)

    def generator_loss(self, update: UpdateContext) -> Tensor:
        return OBJECTIVES[self._declared.objective](update.real_output.logits)

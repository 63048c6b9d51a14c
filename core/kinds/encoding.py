"""What Q reads off images."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from gan_run.core.base.lazy import lazy_property
from gan_run.core.kinds.latent_module import LatentModule
from gan_run.core.kinds.latent_space import LatentSpace


class Encoding(Mapping[str, Tensor]):
    """The codes of N images, with their uncertainty. As a mapping, it has the most likely values by code: (N,), or
    (N, count) of several copies. All tensors are on the CPU.

    Args:
        latents: The model's latents.
        params: Posterior parameters (N, P) by code, float32 on the device of the latents.

    Example:
        codes = gan.encode(images)
        codes["category"]  # int64 (N,)
        codes.probabilities["category"]  # (N, 10)
        codes.deviations["c1"]  # (N,), where Q predicts it: "learn_std": true
    """

    def __init__(self, latents: LatentSpace, params: Mapping[str, Tensor]) -> None:
        self._latents = latents
        self._params = params
        self._estimates: dict[str, Tensor] = {}
        for name in latents.order:
            if name in params:
                self._estimates[name] = self._given(name).estimate(params[name])

    def __getitem__(self, code: str) -> Tensor:
        return self._estimates[code].cpu()

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    @lazy_property
    def probabilities(self) -> Mapping[str, Tensor]:
        """Q(c | x) of each value of a discrete code: (N, K), or (N, count, K) of several copies. That of a code that
        depends on others is given their most likely values."""
        discrete = [name for name in self if self._latents[name].cardinality is not None]
        return {name: self._given(name).probabilities(self._params[name]).cpu() for name in discrete}

    @lazy_property
    def deviations(self) -> Mapping[str, Tensor]:
        """The standard deviation of Q(c | x) of each continuous code for which Q predicts it, (N,) or (N, count)."""
        found: dict[str, Tensor] = {}
        for name in self:
            if self._latents[name].cardinality is None:
                deviation = self._given(name).deviation(self._params[name])
                if deviation is not None:
                    found[name] = deviation.cpu()
        return found

    def _given(self, name: str) -> LatentModule:
        return self._latents.conditional(name, self._estimates)

    def tensors(self) -> dict[str, Tensor]:
        """Values and uncertainty together.

        Returns:
            Tensors by name: of a code `c` the most likely value, `c`; and `c.p`, as in `probabilities`, or `c.std`, as
            in `deviations`.
        """
        found: dict[str, Tensor] = {}
        for name in self:
            found[name] = self[name]
            if name in self.probabilities:
                found[f"{name}.p"] = self.probabilities[name]
            if name in self.deviations:
                found[f"{name}.std"] = self.deviations[name]
        return found

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {tuple(value.shape)}" for name, value in self._estimates.items())
        return f"Encoding({shapes})"

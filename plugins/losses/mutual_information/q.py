"""Q(c | x): the network that recovers the codes from the trunk's features."""

from torch import Tensor, nn

from gan_run import BatchNorm1d, DiscriminatorOutput, Encoder, LatentSpace, init_normal


class QHeads(Encoder):
    """FC `hidden`, batch norm, leaky ReLU, then one linear layer for the posterior parameters of all codes (Chen et al.
    2016, appendix C)."""

    def __init__(
        self, features: int, latents: LatentSpace, codes: tuple[str, ...], hidden: int | None, slope: float
    ) -> None:
        super().__init__()
        self.codes = codes
        self._widths = [latents[code].posterior_width for code in codes]
        layers: list[nn.Module] = []
        if hidden is not None:
            layers = [nn.Linear(features, hidden), BatchNorm1d(hidden), nn.LeakyReLU(slope)]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden or features, sum(self._widths)))
        init_normal(self)

    def forward(self, output: DiscriminatorOutput) -> dict[str, Tensor]:
        return self.read(output.features.vector)

    def read(self, vector: Tensor) -> dict[str, Tensor]:
        """Posterior parameters (N, P) by code, from features (N, F)."""
        return dict(zip(self.codes, self.layers(vector).split(self._widths, dim=1), strict=True))

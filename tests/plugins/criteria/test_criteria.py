"""The criteria agree most where runs have learnt the same, and say what they cannot compare."""

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from gan_run import Criterion, DataInfo, GanRunError, ImageSet, ImageShape, Model
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.metrics.cluster_accuracy.agreement import ClusteringAgreement
from gan_run.plugins.metrics.disentanglement.model_centrality import ModelCentrality
from gan_run.plugins.metrics.disentanglement.udr import UDR, similarity
from gan_run.testing import FakeSplits, fake_model

Pixels = Callable[[Tensor], Tensor]


def images(count: int = 400) -> FakeSplits:
    """Images of three pixels of noise, of which no two are equally bright."""
    noise = torch.randint(0, 85, (count, 1, 1, 3), generator=torch.Generator().manual_seed(0))
    pixels = (3 * noise + torch.arange(3)).to(torch.uint8)
    whole = ImageSet(pixels)
    return FakeSplits(DataInfo(ImageShape(1, 1, 3), {"train": count, "test": count}), train=whole, test=whole)


ROTATION = torch.nn.functional.normalize(torch.tensor([[1.0, 1, 1], [1, -1, 0], [1, 1, -2]]))
"""Every axis is turned into a mixture."""


def clustering(read: Pixels) -> Model:
    latents = {"category": Categorical(classes=3)}
    return fake_model(latents, lambda embedded: embedded[:, None, None], {"category": read})


def numbers(mixing: Tensor) -> Model:
    """Pixels are codes times a matrix, and Q reads the codes off pixels by its inverse."""
    inverse = torch.linalg.inv(mixing)
    latents = {"c": Uniform(count=3)}
    return fake_model(
        latents, lambda embedded: (embedded @ mixing)[:, None, None], {"c": lambda pixels: pixels @ inverse}
    )


def agreement(criterion: Criterion, models: Sequence[Model]) -> Tensor:
    torch.manual_seed(0)
    return criterion.agreement(models, images())


@pytest.mark.parametrize("measure", ["nmi", "ari"])
def test_clusterings_agree_whatever_their_categories_are_called(measure: str) -> None:
    brightest, renamed = clustering(lambda pixels: pixels), clustering(lambda pixels: pixels[:, [2, 0, 1]])
    other = clustering(lambda pixels: torch.stack([pixels[:, 0], -pixels[:, 0], pixels[:, 0] * 0 - 9], dim=1))
    table = agreement(ClusteringAgreement.model_validate({"measure": measure}), [brightest, renamed, other])
    assert table[0, 1] == pytest.approx(1)
    assert table[0, 2] == pytest.approx(table[1, 2])
    assert 0 < table[0, 2] < 0.5


def test_clusterings_by_codes_of_other_names_cannot_be_compared() -> None:
    kind = fake_model({"kind": Categorical(classes=3)}, lambda embedded: embedded[:, None, None], {"kind": lambda p: p})
    with pytest.raises(GanRunError, match="no categorical code in common: kind and category"):
        agreement(ClusteringAgreement(), [clustering(lambda pixels: pixels), kind])


def test_udr_prefers_codes_of_the_same_axes() -> None:
    axes, renamed = numbers(torch.eye(3)), numbers(torch.eye(3)[[2, 0, 1]] * torch.tensor([-1.0, 1, -1]))
    rotated = numbers(ROTATION)
    table = agreement(UDR(), [axes, renamed, rotated])
    assert table[0, 1] == pytest.approx(1, abs=0.2)  # less what 400 images correlate by chance
    assert table[0, 2] < table[0, 1] - 0.2


def test_udrs_similarity_worked_by_hand() -> None:
    correlations = torch.tensor([[1.0, 0.0], [0.5, 0.5]]).numpy()
    # Columns: 1 / 1.5 and 0.25 / 0.5. Rows: 1 / 1 and 0.25 / 1. Four codes.
    assert similarity(correlations) == pytest.approx((1 / 1.5 + 0.5 + 1 + 0.25) / 4)
    assert similarity(correlations[:, :0]) == 0.0


def test_udr_scores_by_the_median() -> None:
    assert UDR().score(torch.tensor([0.0, 0.2, 0.9], dtype=torch.float64)) == pytest.approx(0.2)
    assert ModelCentrality().score(torch.tensor([0.0, 0.3, 0.9], dtype=torch.float64)) == pytest.approx(0.4)


def test_model_centrality_prefers_codes_of_the_same_axes() -> None:
    axes, renamed = numbers(torch.eye(3)), numbers(torch.eye(3)[[2, 0, 1]])
    rotated = numbers(ROTATION)
    table = agreement(ModelCentrality(votes=200, batch=8), [axes, renamed, rotated])
    assert table[0, 1] == pytest.approx(1, abs=0.01)
    assert table[0, 2] < 0.9

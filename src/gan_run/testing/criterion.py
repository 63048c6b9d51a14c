"""The tests that every criterion passes."""

import pytest
import torch

from gan_run.core.kinds.criterion import Criterion
from gan_run.core.kinds.data_source import Splits
from gan_run.core.kinds.model import Model
from gan_run.testing.component import ComponentSuite
from gan_run.testing.game import Noise, begin
from gan_run.testing.metrics import INFORMATION


class CriterionSuite(ComponentSuite):
    """Set `component` to a criterion. It gets three models with the codes `category` and `c` (two copies), trained for
    three steps on noise of three classes."""

    component: Criterion

    def models(self) -> list[Model]:
        """The trained models."""
        return [self._model(seed) for seed in (0, 1, 2)]

    def _model(self, seed: int) -> Model:
        latents = {
            "z": {"type": "gaussian", "count": 4},
            "category": {"type": "categorical", "classes": 3},
            "c": {"type": "uniform", "count": 2},
        }
        training = begin(None, {"seed": seed, "latents": latents, "losses": [{"type": "non-saturating"}, INFORMATION]})
        for _ in range(3):
            training.advance()
        return training.model()

    def agreement(self) -> torch.Tensor:
        """The agreement of the models."""
        torch.manual_seed(0)
        return self.component.agreement(self.models(), Splits(Noise()))

    def test_it_compares_every_two_models(self) -> None:
        table = self.agreement()
        assert table.shape == (3, 3)
        assert table.isfinite().all()
        torch.testing.assert_close(table, table.T)

    def test_it_is_reproducible(self) -> None:
        assert torch.equal(self.agreement(), self.agreement())

    def test_it_sums_up_a_row(self) -> None:
        low, high = (self.component.score(torch.full((4,), value, dtype=torch.float64)) for value in (0.25, 0.5))
        assert (low, high) == pytest.approx((0.25, 0.5))

"""The criterion `model-centrality`."""

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from gan_run import Criterion, DataInfo, Model, Problem, SpecView, Splits, track_progress
from gan_run.plugins.metrics.disentanglement.representation import code_values, continuous_dims, too_few_numbers


class ModelCentrality(Criterion):
    """ModelCentrality (Lin et al. 2020, arXiv 1906.06034, section 4).

    Two runs agree if one is disentangled by the measure of the other: the FactorVAE score of one run's codes (that of
    the paper, `variant` infogan-cr), on images that the other generates, with that run's codes as the factors. Its mean
    in both directions.
    """

    type: Literal["model-centrality"] = "model-centrality"
    votes: int = Field(default=400, ge=1, description="Number of votes of each score; the authors use 800.")
    batch: int = Field(default=64, ge=2, description="Number of images for each vote.")

    def check_data(self, spec: SpecView, data: DataInfo) -> Iterable[Problem]:
        yield from too_few_numbers(spec, data)

    def agreement(self, models: Sequence[Model], data: Splits) -> Tensor:
        scores = [self._scores(model, models) for model in track_progress(models, "model-centrality: runs")]
        table = torch.tensor(scores, dtype=torch.float64)
        return (table + table.T) / 2

    @torch.no_grad()
    def _scores(self, truth: Model, models: Sequence[Model]) -> list[float]:
        """The FactorVAE score of each model on images of `truth`, whose codes are the factors."""
        dims = continuous_dims(truth.latents, truth.codes)
        spread = [_codes(model, truth.generate(truth.latents.sample(truth.chunk_size))).std(0) for model in models]
        votes = [torch.zeros(len(std), len(dims)) for std in spread]
        for _ in range(self.votes):
            held = int(torch.randint(len(dims), ()))
            value = truth.latents.value_of(truth.latents.sample(1), dims[held])[0]
            images = truth.generate(truth.latents.sample(self.batch, held={dims[held]: value}))
            for model, std, table in zip(models, spread, votes, strict=True):
                share = _codes(model, images).std(0) / std.clamp_min(1e-12)
                table[int(share.where(std > 0, torch.inf).argmin()), held] += 1
        return [float(table.max(dim=1).values.sum() / self.votes) for table in votes]


def _codes(model: Model, images: Tensor) -> Tensor:
    """The continuous codes of images, (N, D)."""
    return torch.from_numpy(code_values(model, model.encode(images), continuous_dims(model.latents, model.codes)))

from collections.abc import Mapping

import pytest

from gan_run.core.engine.training import read_scalars
from gan_run.testing.game import begin

TRAIN = {"steps": 9, "batch_size": 6, "device": "cpu", "ema": None}
TRAINS: Mapping[str, Mapping[str, object]] = {
    "parts": {"accumulate": 2},
    "reused fakes": {"reuse_fakes": True},
    "bf16": {"precision": "bf16"},
}


@pytest.mark.parametrize("changes", TRAINS.values(), ids=TRAINS)
def test_it_takes_part_in_every_fourth_step_and_moves_its_mean_then(changes: Mapping[str, object]) -> None:
    fields = {
        "generator": {"type": "style", "width": 0.02, "style_width": 8},
        "losses": [{"type": "non-saturating"}, {"type": "path-length"}],
        "train": {**TRAIN, **changes},
    }
    training = begin(fields=fields)
    mean = training.game.term("path-length").get_buffer("mean")
    taken = []
    for _ in range(6):
        before = mean.item()
        scalars = read_scalars(training.advance())
        moved = mean.item() - before
        taken.append("generator/path-length" in scalars)
        if taken[-1]:
            length = scalars["generator/path-length/length"]
            assert moved == pytest.approx(0.01 * (length - before), rel=1e-4)
            assert length > 0
        else:
            assert moved == 0
    assert taken == [True, False, False, False, True, False]

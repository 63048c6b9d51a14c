"""A folder of rectangular pictures, from the files through training to samples."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image


@pytest.mark.parametrize("network", ["dcgan", "sn-resnet", "r3gan"])
def test_a_folder_with_alpha_is_checked_trained_and_sampled_as_rgba(
    network: str, tmp_path: Path, write_spec: Callable[..., Path], here: Callable[..., Result]
) -> None:
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        pixels = rng.integers(0, 256, (31, 26, 4), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    spec = write_spec(
        data={"type": "image-folder", "root": "photos", "size": [27, 22], "channels": 4},
        generator={"type": network, "width": 0.02},
        discriminator={"trunk": {"type": network, "width": 0.02}, "head": {"type": "patch"}},
        losses=[{"type": "non-saturating"}],
        train={"steps": 2, "batch_size": 4, "checkpoint_every": 2},
    )
    checked = here("check", spec)
    assert checked.exit_code == 0, checked.output
    assert "of 27x22, 4 channel(s)" in checked.output
    trained = here("train", spec)
    assert trained.exit_code == 0, trained.output

    (run,) = (tmp_path / "runs").iterdir()
    for target in ("some.npz", "some.png"):
        assert here("sample", run, "--n", "5", "--out", target).exit_code == 0
    images = np.load(tmp_path / "some.npz")["images"]
    assert images.shape == (5, 4, 27, 22)
    grid = Image.open(tmp_path / "some.png")
    assert grid.mode == "RGBA"
    # Three columns of images, each magnified three times to 56 pixels or more, with two pixels around.
    assert grid.size == (3 * (3 * 22 + 2) + 2, 2 * (3 * 27 + 2) + 2)
    first = np.asarray(grid)[2 : 2 + 3 * 27 : 3, 2 : 2 + 3 * 22 : 3]
    assert (first == images[0].transpose(1, 2, 0)).all()

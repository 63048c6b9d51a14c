from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_run import DataInfo, ImageShape, Latent, Model, Spec, SpecError, image_grid, read_spec
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.pictures.standard.samples import Samples
from gan_run.testing import FakeSplits, fake_model

DATA = FakeSplits(DataInfo(ImageShape(1, 1, 1), {}))  # pictures of codes need no data


def columns(embedded: Tensor) -> Tensor:
    """Each number of the generator's input as the grey of one column of a square image."""
    side = embedded.shape[1]
    return embedded.view(-1, 1, 1, side).expand(-1, 1, side, side)


def unread(pixels: Tensor) -> Tensor:
    raise AssertionError("pictures read nothing off images")


def model(latents: dict[str, Latent], codes: tuple[str, ...]) -> Model:
    return fake_model(latents, columns, dict.fromkeys(codes, unread))


def cells(path: Path, rows: int, columns: int, side: int) -> NDArray[np.uint8]:
    """The grid's images, (rows, columns, side, side), magnified as they are."""
    pixels = np.asarray(Image.open(path))[..., 0]
    assert pixels.shape == (rows * (side + 2) + 2, columns * (side + 2) + 2)
    inner = pixels[2:, 2:].reshape(rows, side + 2, columns, side + 2)
    return inner.transpose(0, 2, 1, 3)[:, :, :side, :side]


def test_one_column_per_category_in_order(tmp_path: Path) -> None:
    drawn = model({"z": Uniform(), "category": Categorical(classes=3)}, codes=("category",))
    (path,) = Samples(rows=4).render(drawn, DATA, tmp_path / "step-00000010")
    assert path == tmp_path / "step-00000010.png"
    grid = cells(path, rows=4, columns=3, side=56)  # 4 pixels, 14 times
    one_hot = grid[:, :, 0, 14:].reshape(4, 3, 3, 14)
    assert (one_hot == one_hot[..., :1]).all()  # magnified without blur
    # An embedding of 1 is white, of 0 the middle grey.
    assert (one_hot[..., 0] == np.where(np.eye(3) == 1, 255, 128)).all()
    noise = grid[:, :, 0, 0]
    assert len(np.unique(noise)) > 6  # every cell has its own


def test_the_code_that_is_named_makes_the_columns(tmp_path: Path) -> None:
    latents: dict[str, Latent] = {"a": Categorical(classes=2), "b": Categorical(classes=5)}
    drawn = model(latents, codes=("b", "a"))
    (path,) = Samples(rows=2).render(drawn, DATA, tmp_path / "first")
    cells(path, rows=2, columns=2, side=56)
    (path,) = Samples(rows=2, code="b").render(drawn, DATA, tmp_path / "named")
    cells(path, rows=2, columns=5, side=56)


def test_of_several_copies_the_first_makes_the_columns(tmp_path: Path) -> None:
    (path,) = Samples(rows=3).render(model({"k": Categorical(classes=2, count=2)}, codes=("k",)), DATA, tmp_path / "k")
    grid = cells(path, rows=3, columns=2, side=56)
    assert (grid[:, 0, 0, 0] == 255).all()
    assert (grid[:, 1, 0, 14] == 255).all()


@pytest.mark.parametrize("codes", [(), ("c",)])
def test_without_a_categorical_code_a_plain_grid(tmp_path: Path, codes: tuple[str, ...]) -> None:
    latents: dict[str, Latent] = {"c": Uniform(), "category": Categorical(classes=3)}
    (path,) = Samples(rows=2, columns=7).render(model(latents, codes), DATA, tmp_path / "plain")
    cells(path, rows=2, columns=7, side=56)


def test_large_images_and_colours_stay_as_they_are() -> None:
    images = torch.rand(6, 3, 64, 80) * 2 - 1
    grid = image_grid(images, columns=3)
    assert grid.dtype == torch.uint8
    assert grid.shape == (3, 2 * 66 + 2, 3 * 82 + 2)
    assert (grid[:, :2] == 255).all()
    assert torch.equal(grid[:, 68:132, 84:164], ((images[4] + 1) * 127.5).round().to(torch.uint8))


def spec(**artifact: object) -> Spec:
    return read_spec(
        {
            "name": "toy",
            "data": {"type": "mnist-5k"},
            "latents": {"category": {"type": "categorical", "classes": 10}, "c": {"type": "uniform"}},
            "generator": {"type": "mlp"},
            "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
            "losses": [{"type": "non-saturating"}],
            "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
            "train": {"steps": 1},
            "artifacts": [artifact],
        }
    )


def test_check() -> None:
    info = DataInfo(ImageShape(1, 28, 28), {"train": 1, "test": 1})
    for good in (spec(type="samples"), spec(type="samples", code="category")):
        assert good.problems() == good.data_problems(info) == []
    with pytest.raises(SpecError) as caught:
        spec(type="samples", code="categry")
    (problem,) = caught.value.problems
    assert str(problem).startswith("artifacts[0].code: no latent is called 'categry'; did you mean 'category'?")
    (problem,) = spec(type="samples", code="c").data_problems(info)
    assert str(problem).startswith("artifacts[0].code: 'c' is not categorical")


def test_four_channels_are_drawn_with_their_alpha_channel_between_opaque_white_lines(tmp_path: Path) -> None:
    shades = torch.tensor([1.0, -1.0, 0.0, -0.5])  # 255, 0, 128 and an alpha of 64
    drawn = fake_model({"z": Uniform()}, lambda embedded: shades.view(1, 4, 1, 1).expand(len(embedded), 4, 3, 5), {})
    (path,) = Samples(rows=2, columns=3).render(drawn, DATA, tmp_path / "step-1")
    picture = Image.open(path)
    assert picture.mode == "RGBA"
    scale = 19  # 3 pixels to 57
    assert picture.size == (3 * (5 * scale + 2) + 2, 2 * (3 * scale + 2) + 2)
    assert picture.getpixel((0, 0)) == (255, 255, 255, 255)
    assert picture.getpixel((2, 2)) == (255, 0, 128, 64)

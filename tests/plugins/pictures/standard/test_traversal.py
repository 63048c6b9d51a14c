from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageSequence
from torch import Tensor

from gan_run import DataInfo, ImageShape, Latent, Model, Spec, SpecError, read_spec
from gan_run.core.images.labelled_grid import BOTTOM, LEFT, RIGHT, TOP
from gan_run.plugins.latents.standard.categorical import Categorical
from gan_run.plugins.latents.standard.circular import Circular
from gan_run.plugins.latents.standard.uniform import Uniform
from gan_run.plugins.pictures.standard.traversal import Traversal
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
    """What is between the margins, (rows, columns, side, side), magnified as it is."""
    pixels = np.asarray(Image.open(path).convert("L"))
    height, width = rows * (side + 2) + 2, columns * (side + 2) + 2
    assert pixels.shape == (height + TOP + BOTTOM, width + LEFT + RIGHT)
    inner = pixels[TOP + 2 : TOP + height, LEFT + 2 : LEFT + width].reshape(rows, side + 2, columns, side + 2)
    return inner.transpose(0, 2, 1, 3)[:, :, :side, :side]


def grey(value: float) -> float:
    """Of a number in [-1, 1], as a picture has it."""
    return (value + 1) * 127.5


LATENTS: dict[str, Latent] = {"z": Uniform(), "category": Categorical(classes=3), "c": Uniform(count=2), "d": Uniform()}
SIDE = 56  # 7 columns, 8 times


def test_one_picture_per_copy_of_each_code(tmp_path: Path) -> None:
    paths = Traversal(rows=2).render(model(LATENTS, codes=("category", "c")), DATA, tmp_path / "step-00000010")
    assert [path.name for path in paths] == [
        "step-00000010-category.png",
        "step-00000010-c-0.png",
        "step-00000010-c-1.png",
    ]
    assert set(paths) == set(tmp_path.iterdir())
    cells(paths[0], rows=2, columns=3, side=SIDE)
    cells(paths[1], rows=2, columns=10, side=SIDE)


def test_one_copy_of_several_can_be_asked_for(tmp_path: Path) -> None:
    paths = Traversal(codes=("c[1]", "d"), rows=2).render(model(LATENTS, codes=()), DATA, tmp_path / "x")
    assert [path.name for path in paths] == ["x-c-1.png", "x-d.png"]
    grid = cells(paths[0], rows=2, columns=10, side=SIDE)[:, :, 0, ::8]
    assert (grid[:, :, :5] == grid[:, :1, :5]).all()  # what comes before c[1] is held, c[0] too
    assert len(np.unique(grid[0, :, 5])) == 10


def test_a_copy_and_a_latent_of_like_names_have_pictures_of_their_own(tmp_path: Path) -> None:
    latents: dict[str, Latent] = {"c": Uniform(count=2), "c-0": Uniform()}
    paths = Traversal(rows=1).render(model(latents, codes=("c", "c-0")), DATA, tmp_path / "x")
    assert [path.name for path in paths] == ["x-c[0].png", "x-c-1.png", "x-c-0.png"]
    assert set(paths) == set(tmp_path.iterdir())


def test_the_code_changes_and_each_row_keeps_its_noise(tmp_path: Path) -> None:
    torch.manual_seed(0)
    turned, category = Traversal(codes=("d", "category"), steps=5, rows=4).render(
        model(LATENTS, codes=()), DATA, tmp_path / "traversal"
    )
    grid = cells(turned, rows=4, columns=5, side=SIDE)[:, :, 0, ::8]  # (row, column, number of the generator's input)
    values = grid[:, :, 6].astype(float)
    assert np.allclose(values, [grey(value) for value in (-1, -0.5, 0, 0.5, 1)], atol=1)
    assert (grid[:, :, :6] == grid[:, :1, :6]).all()
    assert len(np.unique(grid[:, 0, 0])) == 4

    # The other picture's rows have the same noise.
    categories = cells(category, rows=4, columns=3, side=SIDE)[:, :, 0, ::8]
    assert (categories[:, :, 0] == grid[:, :1, 0]).all()
    assert (categories[:, :, 4:6] == grid[:, :1, 4:6]).all()
    assert (categories[:, :, 1:4] == np.where(np.eye(3) == 1, 255, 128)).all()


def test_pixels_are_magnified_without_blur(tmp_path: Path) -> None:
    (path,) = Traversal(codes=("d",), steps=3, rows=2).render(model(LATENTS, codes=()), DATA, tmp_path / "traversal")
    grid = cells(path, rows=2, columns=3, side=SIDE).reshape(2, 3, 7, 8, 7, 8)
    assert (grid == grid[:, :, :, :1, :, :1]).all()


def frames(path: Path) -> NDArray[np.uint8]:
    """Of a GIF, (T, H, W): it is gray."""
    with Image.open(path) as file:
        assert file.info["loop"] == 0
        return np.stack([np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(file)])


def test_a_moving_picture_goes_through_the_values_and_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    still, moving = Traversal(codes=("d",), steps=2, rows=3, frames=5).render(model(LATENTS, ()), DATA, tmp_path / "x")
    assert (still.name, moving.name) == ("x-d.png", "x-d.gif")
    shown = frames(moving)
    assert len(shown) == 8  # five forth and three back
    # Three images side by side, and the last column of each is what is turned.
    images = shown[:, 2 : 2 + SIDE, 2:].reshape(8, SIDE, 3, SIDE + 2)[:, 0, :, :SIDE:8].astype(float)
    turned = [grey(value) for value in (-1, -0.5, 0, 0.5, 1, 0.5, 0, -0.5)]
    assert np.allclose(images[:, :, 6], np.array(turned)[:, None], atol=2)
    assert (images[:, :, :6] == images[:1, :, :6]).all()
    assert np.allclose(images[0, :, 0], cells(still, 3, 2, SIDE)[:, 0, 0, 0], atol=2)  # the same noise


def test_categories_are_shown_each_once(tmp_path: Path) -> None:
    _, moving = Traversal(codes=("category",), rows=1, frames=30).render(model(LATENTS, ()), DATA, tmp_path / "x")
    shown = frames(moving)[:, 2, 2:][:, :SIDE:8][:, 1:4]
    assert (shown > 200).tolist() == np.eye(3).astype(bool).tolist()


def test_an_angle_goes_on_round_and_does_not_come_back(tmp_path: Path) -> None:
    drawn = model({"turn": Circular(), "z": Uniform()}, codes=("turn",))
    _, moving = Traversal(rows=1, frames=8).render(drawn, DATA, tmp_path / "x")
    shown = frames(moving)
    assert len(shown) == 8
    cosine = shown[:, 2, 2].astype(float)
    assert np.allclose(cosine, [grey(np.cos(-np.pi + k * np.pi / 4)) for k in range(8)], atol=2)


def test_without_frames_there_is_no_moving_picture(tmp_path: Path) -> None:
    assert [path.suffix for path in Traversal().render(model(LATENTS, ("d",)), DATA, tmp_path / "x")] == [".png"]


def test_ends_that_are_asked_for(tmp_path: Path) -> None:
    (path,) = Traversal(low=-0.5, high=0.25, steps=2, rows=1).render(
        model({"c": Uniform()}, ("c",)), DATA, tmp_path / "x"
    )
    left, right = cells(path, rows=1, columns=2, side=56)[0, :, 0, 0]
    assert abs(left - grey(-0.5)) <= 1
    assert abs(right - grey(0.25)) <= 1


def test_the_same_draw_is_the_same_file(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        torch.manual_seed(3)
        (path,) = Traversal(codes=("d",)).render(model(LATENTS, codes=()), DATA, tmp_path / name)
        files.append(path.read_bytes())
    assert files[0] == files[1]


def test_no_codes_no_pictures(tmp_path: Path) -> None:
    assert Traversal().render(model(LATENTS, codes=()), DATA, tmp_path / "step") == []
    assert list(tmp_path.iterdir()) == []


def spec(**artifact: object) -> Spec:
    return read_spec(
        {
            "name": "toy",
            "data": {"type": "mnist-5k"},
            "latents": {
                "category": {"type": "categorical", "classes": 10},
                "c": {"type": "uniform"},
                "turns": {"type": "uniform", "count": 2},
            },
            "generator": {"type": "mlp"},
            "discriminator": {"trunk": {"type": "mlp"}, "head": {"type": "linear"}},
            "losses": [{"type": "non-saturating"}],
            "optimizers": {player: {"type": "adam", "lr": 1e-3} for player in ("generator", "discriminator")},
            "train": {"steps": 1},
            "artifacts": [artifact],
        }
    )


def test_check() -> None:
    assert spec(type="traversal").problems() == []
    assert spec(type="traversal", codes=["c", "category", "turns", "turns[1]"]).problems() == []
    with pytest.raises(SpecError) as caught:
        spec(type="traversal", codes=["c", "categry"])
    (problem,) = caught.value.problems
    assert str(problem).startswith("artifacts[0].codes[1]: no latent is called 'categry'; did you mean 'category'?")
    with pytest.raises(SpecError, match=r"no latent is called 'turns\[2\]'"):
        spec(type="traversal", codes=["turns[2]"])

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_run import Column, DataError, ImageShape, Splits
from gan_run.plugins.data.image_files.celeba import CelebA

ATTRIBUTES = ("Bald", "Eyeglasses", "Smiling")
PARTITION = (0, 0, 0, 1, 2, 0, 1, 2)


def colour(number: int) -> int:
    return number * 30


def attributes(number: int) -> list[int]:
    return [number >> bit & 1 for bit in range(3)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The official files. Each aligned picture is 178x218: a square of its number's gray in the middle, white around;
    its attributes are the bits of the number."""
    pictures = tmp_path / "img_align_celeba"
    pictures.mkdir()
    names = [f"{number + 1:06d}.jpg" for number in range(8)]
    for number, name in enumerate(names):
        pixels = np.full((218, 178), 255, dtype=np.uint8)
        pixels[35:183, 15:163] = colour(number)  # the middle 148 pixels
        Image.fromarray(pixels).convert("RGB").save(pictures / name, quality=95)
    lines = [f"{name} {which}" for name, which in zip(names, PARTITION, strict=True)]
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    rows = [
        f"{name} " + " ".join(f"{2 * bit - 1: d}" for bit in attributes(number)) for number, name in enumerate(names)
    ]
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(["8", " ".join(ATTRIBUTES) + " ", *rows]) + "\n")
    return tmp_path


def numbers(source: CelebA, split: str) -> list[int]:
    """Which faces a split has, by their gray, with their attributes checked."""
    loaded = Splits(source)[split]  # type: ignore[index]  # a split's name
    found = (loaded.images[:, 0, 4, 4].double() / 30).round().long().tolist()
    values = torch.stack([loaded.columns[name] for name in ATTRIBUTES], 1)
    assert values.tolist() == [attributes(number) for number in found]
    return found


def test_it_describes_itself(root: Path) -> None:
    info = CelebA(root=root).describe()
    assert info.image == ImageShape(3, 64, 64)
    assert info.sizes == {"train": 4, "validation": 2, "test": 2}
    assert info.columns == dict.fromkeys(ATTRIBUTES, Column("categorical"))
    assert info.class_names is None


def test_faces_go_by_the_official_partition(root: Path) -> None:
    celeba = CelebA(root=root, size=8)
    assert numbers(celeba, "train") == [0, 1, 2, 5]
    assert numbers(celeba, "validation") == [3, 6]
    assert numbers(celeba, "test") == [4, 7]


def test_validation_may_be_held_out_of_training_instead(root: Path) -> None:
    celeba = CelebA(root=root, size=8, validation=1)
    assert numbers(celeba, "train") == [0, 1, 2]
    assert numbers(celeba, "validation") == [5]


def test_the_middle_is_cut_out_and_scaled(root: Path) -> None:
    tight, wide = (CelebA(root=root, size=32, crop=crop).load("train").images for crop in (148, 178))
    assert tight[0].float().mean() < 5  # all of the black middle, and no white
    assert wide[0, 0, 0, 0] > 250  # white all around
    assert wide[0, 0, 16, 16] < 5
    # 148 of 178 pixels, squared, are black.
    assert wide[0].float().mean().item() / 255 == pytest.approx(1 - (148 / 178) ** 2, abs=0.02)


def test_a_copy_in_torchvisions_folder_is_found(root: Path) -> None:
    (root / "celeba").mkdir()
    for name in ("img_align_celeba", "list_eval_partition.txt", "list_attr_celeba.txt"):
        (root / name).rename(root / "celeba" / name)
    assert numbers(CelebA(root=root, size=8), "test") == [4, 7]


def test_a_mirrored_training_set_is_twice_as_long_and_validation_is_not(root: Path) -> None:
    splits = Splits(CelebA(root=root, size=8, mirror=True))
    assert (len(splits["train"]), len(splits["validation"]), len(splits["test"])) == (8, 2, 2)


@pytest.mark.parametrize("name", ["list_eval_partition.txt", "list_attr_celeba.txt", "img_align_celeba"])
def test_what_is_missing_is_an_error_that_says_what_to_fetch_and_where_it_goes(root: Path, name: str) -> None:
    (root / name).rename(root / "elsewhere")
    with pytest.raises(DataError, match=rf"{name} is missing: its licence .* put all three into data\.root"):
        CelebA(root=root).describe()


def test_a_folder_unpacked_in_part_is_an_error(root: Path) -> None:
    (root / "img_align_celeba" / "000003.jpg").unlink()
    with pytest.raises(DataError, match=r"lacks 1 of 8 images, such as 000003\.jpg: unpack img_align_celeba\.zip"):
        CelebA(root=root).describe()


def test_a_picture_cut_short_is_named(root: Path) -> None:
    path = root / "img_align_celeba" / "000002.jpg"
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataError, match=r"000002\.jpg cannot be read as a picture"):
        CelebA(root=root).load("train")
    assert len(CelebA(root=root, on_error="skip", size=8).load("train")) == 3


def test_a_picture_too_small_to_cut_is_named(root: Path) -> None:
    Image.new("RGB", (100, 100)).save(root / "img_align_celeba" / "000002.jpg")
    with pytest.raises(DataError, match="148 pixels cannot be cropped from 100x100"):
        CelebA(root=root).load("train")


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (
            "list_eval_partition.txt",
            lambda text: text[:-3],
            r"line 8: '000008.jpg' has to be a file name and 0, 1 or 2",
        ),
        ("list_eval_partition.txt", lambda text: text.replace("jpg 1", "jpg 7", 1), "line 4: '000004.jpg 7'"),
        ("list_attr_celeba.txt", lambda text: text[: len(text) // 2], "states '8' faces, but has"),
        ("list_attr_celeba.txt", lambda text: text[:1], "is cut short"),
        (
            "list_attr_celeba.txt",
            lambda text: text.replace("-1", "0", 1),
            r"line 3: 3 values of 1 or -1 are needed",
        ),
        ("list_attr_celeba.txt", lambda text: "<html>\n" + text, "states '<html>' faces"),
        ("list_attr_celeba.txt", lambda text: text.replace("Bald", "Bäld"), "cannot be read"),
    ],
)
def test_a_damaged_list_is_named(root: Path, file: str, change, message: str) -> None:
    path = root / file
    path.write_text(change(path.read_text()))
    with pytest.raises(DataError, match=message):
        CelebA(root=root).describe()


def test_lists_of_different_lengths_are_an_error(root: Path) -> None:
    path = root / "list_eval_partition.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(DataError, match=r"has 8 faces and list_eval_partition\.txt 7: fetch both again"):
        CelebA(root=root).load("test")


def test_channels_are_those_of_the_picture(root: Path) -> None:
    Image.new("RGB", (178, 218), (200, 100, 50)).save(root / "img_align_celeba" / "000001.jpg", quality=95)
    middle = CelebA(root=root, size=8).load("train").images[0, :, 4, 4]
    torch.testing.assert_close(middle.long(), torch.tensor([200, 100, 50]), atol=3, rtol=0)

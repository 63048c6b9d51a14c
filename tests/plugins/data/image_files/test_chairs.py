import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_run import Column, DataError, ImageShape
from gan_run.plugins.data.image_files.chairs import Chairs

CHAIRS = ("1a6f615e8b1b5ae4dbbc9440457e303e", "2b9cba33f6a0ea51b5a1ad0f4f2dcd1d", "zz")
AZIMUTHS = (0, 11, 23, 34)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The authors' tree. The red of a picture is its azimuth, the green its elevation, the blue its chair."""
    for number, chair in enumerate(CHAIRS):
        renders = tmp_path / "rendered_chairs" / chair / "renders"
        renders.mkdir(parents=True)
        for index, (elevation, azimuth) in enumerate((p, t) for p in (20, 30) for t in AZIMUTHS):
            pixels = np.full((60, 60, 3), (azimuth, elevation, number), dtype=np.uint8)
            name = f"image_{index:03d}_p{elevation:03d}_t{azimuth:03d}_r096.png"
            Image.fromarray(pixels).save(renders / name)
    (tmp_path / "rendered_chairs" / "all_chair_names.mat").write_bytes(b"names")
    return tmp_path / "rendered_chairs"


def test_it_describes_itself_from_the_names(root: Path) -> None:
    info = Chairs(root=root, test_fraction=0.3).describe()
    assert info.image == ImageShape(3, 64, 64)
    assert sum(info.sizes.values()) == 24
    assert 0 < info.sizes["test"] < 16
    assert info.class_names == CHAIRS
    assert info.factors == {"azimuth": Column("angle"), "elevation": Column("continuous")}


@pytest.mark.parametrize("inside", [".", ".."])
def test_poses_and_chairs_stay_with_their_pictures(root: Path, inside: str) -> None:
    chairs = Chairs(root=root / inside, size=8, test_fraction=0.3)
    seen = 0
    for split in ("train", "test"):
        loaded = chairs.load(split)
        colours = loaded.images[:, :, 4, 4].long()
        assert torch.equal(
            torch.stack([loaded.columns[name].long() for name in ("azimuth", "elevation", "label")], 1), colours
        )
        assert len(loaded) == chairs.describe().sizes[split]
        seen += len(loaded)
    assert seen == 24


def test_a_chair_that_was_unpacked_in_part_is_named(root: Path) -> None:
    (root / "zz" / "renders" / "image_003_p020_t034_r096.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 chairs have fewer than the 8 views of the others \(zz has 7\)"):
        Chairs(root=root).describe()
    shutil.rmtree(root / "zz")
    assert Chairs(root=root).describe().class_names == CHAIRS[:2]


def test_a_picture_cut_short_is_named(root: Path) -> None:
    path = root / "zz" / "renders" / "image_003_p020_t034_r096.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"image_003_p020_t034_r096\.png cannot be read as a picture"):
        Chairs(root=root, test_fraction=0).load("train")


def test_without_a_tree_the_error_says_what_to_fetch_and_how_to_lay_it_out(root: Path) -> None:
    with pytest.raises(DataError, match=r"missing is missing: fetch rendered_chairs\.tar .* a folder for each chair"):
        Chairs(root=root / "missing").describe()
    other = root / "other"
    other.mkdir()
    Image.new("RGB", (4, 4)).save(other / "chair.png")
    with pytest.raises(DataError, match=r"none is named like CHAIR/renders/.*: fetch rendered_chairs\.tar"):
        Chairs(root=other).describe()

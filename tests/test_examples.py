"""Every experiment of the paper passes `gan-run check` on data in its real format."""

import gzip
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

EXAMPLES = Path(__file__).parents[1] / "examples"
DRAW = np.random.default_rng(0)


def idx(values: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(f">{1 + values.ndim}I", 0x0800 + values.ndim, *values.shape) + values.tobytes())


def mnist(folder: Path) -> None:
    for name, count in (("train", 8), ("t10k", 4)):
        images = DRAW.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(idx(images))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(count, dtype=np.uint8)))


def svhn(folder: Path) -> None:
    for name in ("train", "test"):
        pixels = DRAW.integers(0, 256, (32, 32, 3, 8), dtype=np.uint8)
        savemat(folder / f"{name}_32x32.mat", {"X": pixels, "y": np.arange(1, 9)[:, None].astype(np.uint8)})


def celeba(folder: Path) -> None:
    (folder / "img_align_celeba").mkdir()
    names = [f"{number + 1:06d}.jpg" for number in range(8)]
    for name in names:
        Image.fromarray(DRAW.integers(0, 256, (218, 178, 3), dtype=np.uint8)).save(folder / "img_align_celeba" / name)
    (folder / "list_eval_partition.txt").write_text("".join(f"{n} {int(i > 5) * 2}\n" for i, n in enumerate(names)))
    (folder / "list_attr_celeba.txt").write_text("8\nBald Smiling\n" + "".join(f"{name} -1  1\n" for name in names))


def chairs(folder: Path) -> None:
    for chair in ("a", "b"):
        (folder / chair / "renders").mkdir(parents=True)
        for azimuth in range(0, 100, 10):
            pixels = DRAW.integers(0, 256, (60, 60, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / chair / "renders" / f"image_000_p020_t{azimuth:03d}_r096.png")


def faces(folder: Path) -> None:
    np.savez(
        folder / "faces.npz",
        images=DRAW.integers(0, 256, (40, 32, 32), dtype=np.uint8),
        factors=DRAW.normal(size=(40, 2)),
        factor_names=np.array(["azimuth", "light"]),
    )


@pytest.mark.parametrize(
    ("name", "write", "place", "code"),
    [
        ("infogan-mnist", mnist, "data.root={}", "c2"),
        ("infogan-mnist-tuned", mnist, 'data={{"type": "mnist", "root": "{}", "validation": 2}}', "category"),
        ("infogan-svhn", svhn, "data.root={}", "category"),
        ("infogan-celeba", celeba, "data.root={}", "category"),
        ("infogan-faces", faces, "data.path={}/faces.npz", "c"),
        ("infogan-chairs", chairs, "data.root={}", "c"),
    ],
)
def test_each_of_the_papers_experiments_passes_check(
    name: str,
    write: Callable[[Path], None],
    place: str,
    code: str,
    tmp_path: Path,
    gan_run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write(data)
    done = gan_run(
        "check", EXAMPLES / f"{name}.json", "--set", place.format(data), "--set", "data.batch_size=4", "--set",
        "train.precision=fp32",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ": good" in done.stdout
    assert f"generator/mutual-information/{code}" in done.stdout

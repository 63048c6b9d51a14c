"""Every example passes `gan-run check`: those of the paper on data in its real format."""

import gzip
import json
import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from scipy.io import savemat

from gan_run import Spec, Splits, read_spec
from gan_run.core.run.dry_run import dry_run
from gan_run.registry.plugins import Registry
from stand_in import NARROW

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


def posed_faces(folder: Path) -> None:
    np.savez(
        folder / "faces.npz",
        images=DRAW.integers(0, 256, (40, 32, 32), dtype=np.uint8),
        factors=DRAW.normal(size=(40, 2)),
        factor_names=np.array(["azimuth_deg", "elevation_deg"]),
    )


PAPER: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "infogan-mnist": (mnist, "data.root={}", "c2"),
    "infogan-mnist-tuned": (mnist, 'data={{"type": "mnist", "root": "{}", "validation": 2}}', "category"),
    "infogan-svhn": (svhn, "data.root={}", "category"),
    "infogan-celeba": (celeba, "data.root={}", "category"),
    "infogan-faces": (faces, "data.path={}/faces.npz", "c"),
    "infogan-faces-tuned": (faces, "data.path={}/faces.npz", "pose"),
    "infogan-chairs": (chairs, "data.root={}", "c"),
    "infogan-chairs-tuned": (chairs, "data.root={}", "turn"),
}
"""The paper's experiments: their data, how it is said where that is, and a code."""


@pytest.mark.parametrize(("name", "write", "place", "code"), [(name, *rest) for name, rest in PAPER.items()])
def test_each_of_the_papers_experiments_passes_check(
    name: str,
    write: Callable[[Path], None],
    place: str,
    code: str,
    tmp_path: Path,
    here: Callable[..., Result],
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write(data)
    done = here(
        "check", EXAMPLES / f"{name}.json", "--set", place.format(data), "--set", "train.batch_size=4", "--set",
        "train.precision=fp32",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert ": good" in done.stdout
    assert f"generator/mutual-information/{code}" in done.stdout


def folder_of_pictures(folder: Path) -> None:
    for number in range(40):
        Image.fromarray(DRAW.integers(0, 256, (70, 70, 3), dtype=np.uint8)).save(folder / f"{number}.png")


def people(folder: Path) -> None:
    folder_of_pictures(folder)
    rows = [f"{number}.png,{('happy', 'sad')[number % 2]},{number // 4}\n" for number in range(40)]
    (folder / "columns.csv").write_text("".join(["file,emotion,person\n", *rows]))


def array(folder: Path) -> None:
    np.savez(folder / "images.npz", images=DRAW.integers(0, 256, (40, 64, 64, 3), dtype=np.uint8))


def class_folders(folder: Path) -> None:
    for name in ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"):
        (folder / name).mkdir(exist_ok=True)
        for number in range(4):
            pixels = DRAW.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


DATA: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "dcgan-mnist": (mnist, ["data.root={}"]),
    "infogan-fashion": (mnist, ["data.root={}"]),
    "infogan-fashion-plain": (mnist, ["data.root={}", "data.validation=2"]),
    "infogan-fashion-tuned": (mnist, ["data.root={}", "data.validation=2"]),
    "ss-infogan-mnist": (mnist, ["data.root={}", "data.validation=2", "losses[3].labelled=1"]),
    "conditional-faces": (posed_faces, ["data.path={}/faces.npz"]),
    "r3gan-cifar": (class_folders, ["data.root={}", "generator.width=0.04", "discriminator.trunk.width=0.04"]),
    "dcgan-folder": (folder_of_pictures, ["data.root={}"]),
    "infogan-folder": (folder_of_pictures, ["data.root={}"]),
    "r3gan-chairs": (array, ["data.path={}/images.npz"]),
    "infogan-cifar": (
        class_folders,
        ["data.root={}", "data.test_fraction=0.4", "generator.width=0.04", "discriminator.trunk.width=0.04"],
    ),
    "infogan-photos": (people, ["data.root={}", "data.columns={}/columns.csv"]),
    "infogan-photos-mixed": (people, ["data.root={}", "data.columns={}/columns.csv"]),
    "style-photos": (people, ["data.root={}", "data.columns={}/columns.csv"]),
}
"""What a spec trains on where it is not the digits that pip installs, and how that is said."""


def losses_of(name: str) -> list[str]:
    content = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return [loss["type"] for loss in content["losses"]]


INFORMATION = '{"type": "mutual-information", "codes": {"digit": 1, "c1": 1, "c2": 1}}'
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.json"))
GANS = [name for name in NAMES if "mutual-information" not in losses_of(name)]


@pytest.fixture
def small_example(tmp_path: Path, registry: Registry) -> Callable[..., Spec]:
    """An example on four images at a time, with data at hand; `overrides` come last."""

    def read(name: str, *overrides: str) -> Spec:
        own = ["train.batch_size=4", "train.precision=fp32", "train.device=cpu"]
        if name in DATA:
            write, places = DATA[name]
            write(tmp_path)
            own.extend(place.format(tmp_path) for place in places)
        return read_spec(EXAMPLES / f"{name}.json", [*own, *overrides], registry)

    return read


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PAPER])
def test_every_other_example_passes_check(name: str, small_example: Callable[..., Spec]) -> None:
    spec = small_example(name)
    report = dry_run(spec, Splits(spec.data))
    assert report.warnings == []
    assert all(map(math.isfinite, report.losses.values()))
    played = {place.split("/")[1].split("-again")[0] for place in report.losses}
    assert set(losses_of(name)) <= played


@pytest.mark.parametrize("name", GANS)
def test_named_codes_and_one_more_loss_make_it_an_infogan(name: str, small_example: Callable[..., Spec]) -> None:
    report = dry_run(
        small_example(
            name,
            'latents.digit={"type": "categorical", "classes": 10}',
            'latents.c1={"type": "uniform"}',
            'latents.c2={"type": "uniform"}',
            f"losses[{len(losses_of(name))}]={INFORMATION}",
            *NARROW,
        )
    )
    assert {"digit", "c1", "c2"} <= set(report.codes)
    assert report.warnings == []
    for player in ("discriminator", "generator"):
        for code in ("digit", "c1", "c2"):
            assert math.isfinite(report.losses[f"{player}/mutual-information/{code}"])


def test_every_example_is_described_and_listed() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        content = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
        assert content["name"] == name
        assert content["description"].endswith(".")
        assert f"`{name}`" in listed, name

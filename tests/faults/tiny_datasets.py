"""A small dataset of every format that is read, as its authors publish it."""

import gzip
import itertools
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import safetensors.numpy
from PIL import Image
from scipy.io import savemat


class TinyDataset(NamedTuple):
    """A dataset in a folder."""

    declared: dict[str, Any]
    """The data source of a spec."""
    files: tuple[Path, ...]
    """Its files that can be damaged: one of each kind."""


def _noise(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng([seed, *shape]).integers(0, 256, shape, dtype=np.uint8)


def _pictures(folder: Path, count: int, ending: str = "png", side: int = 8) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:02}.{ending}" for number in range(count)]
    for number, path in enumerate(paths):
        Image.fromarray(_noise(side, side, 3, seed=number)).save(path)
    return paths


def image_folder(folder: Path) -> TinyDataset:
    paths = [*_pictures(folder / "root" / "cat", 8), *_pictures(folder / "root" / "dog", 8, "jpg")]
    rows = [f"{path.relative_to(folder / 'root')},{number}" for number, path in enumerate(paths)]
    (folder / "table.csv").write_text("\n".join(["file,age", *rows]) + "\n")
    declared = {"root": "root", "size": 8, "labels": "folders", "columns": "table.csv", "cache": "cache"}
    return TinyDataset({"type": "image-folder", **declared}, (paths[0], paths[8], folder / "table.csv"))


def array(suffix: str) -> Callable[[Path], TinyDataset]:
    def build(folder: Path) -> TinyDataset:
        path, images, labels = folder / f"a{suffix}", _noise(20, 8, 8), np.arange(20) % 3
        if suffix == ".npz":
            np.savez(path, images=images, labels=labels)
        elif suffix == ".npy":
            np.save(path, images)
        elif suffix == ".safetensors":
            safetensors.numpy.save_file({"images": images, "labels": labels}, path)
        else:
            with h5py.File(path, "w") as file:
                file["images"], file["labels"] = images, labels
        named = {} if suffix == ".npy" else {"labels": "labels"}
        return TinyDataset({"type": "array", "path": path.name, **named}, (path,))

    return build


def mnist(folder: Path) -> TinyDataset:
    def idx(values: Any) -> bytes:
        return struct.pack(f">{1 + values.ndim}I", 0x0800 + values.ndim, *values.shape) + values.tobytes()

    (folder / "root").mkdir()
    for part, count in (("train", 20), ("t10k", 8)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        (folder / "root" / f"{part}-images-idx3-ubyte").write_bytes(idx(_noise(count, 28, 28)))
        (folder / "root" / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(labels)))
    files = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz")
    declared = {"type": "mnist", "root": "root", "download": False}
    return TinyDataset(declared, tuple(folder / "root" / name for name in files))


def cifar10(folder: Path) -> TinyDataset:
    root = folder / "root" / "cifar-10-batches-bin"
    root.mkdir(parents=True)
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        records = [bytes([row % 10]) + _noise(3, 32, 32, seed=row).tobytes() for row in range(6)]
        (root / f"{name}.bin").write_bytes(b"".join(records))
    return TinyDataset({"type": "cifar10", "root": "root", "download": False}, (root / "data_batch_2.bin",))


def svhn(folder: Path) -> TinyDataset:
    (folder / "root").mkdir()
    for part, count in (("train", 23), ("test", 12)):
        digits = (1 + np.arange(count) % 10).astype(np.uint8)[:, None]
        savemat(folder / "root" / f"{part}_32x32.mat", {"X": _noise(32, 32, 3, count), "y": digits})
    declared = {"type": "svhn", "root": "root", "download": False}
    return TinyDataset(declared, (folder / "root" / "train_32x32.mat",))


def stl10(folder: Path) -> TinyDataset:
    (folder / "root").mkdir()
    for part, count in (("train", 6), ("test", 4)):
        _noise(count, 3, 96, 96).tofile(folder / "root" / f"{part}_X.bin")
        (1 + np.arange(count) % 10).astype(np.uint8).tofile(folder / "root" / f"{part}_y.bin")
    declared = {"type": "stl10", "root": "root", "size": 32, "download": False, "cache": "cache"}
    return TinyDataset(declared, tuple(folder / "root" / f"train_{part}.bin" for part in "Xy"))


def celeba(folder: Path) -> TinyDataset:
    root = folder / "root"
    (root / "img_align_celeba").mkdir(parents=True)
    names = [f"{number:06d}.jpg" for number in range(1, 9)]
    for number, name in enumerate(names):
        Image.fromarray(_noise(218, 178, 3, seed=number)).save(root / "img_align_celeba" / name)
    splits = [f"{name} {number % 3}" for number, name in enumerate(names)]
    (root / "list_eval_partition.txt").write_text("\n".join(splits) + "\n")
    rows = [f"{name} {(-1) ** number} 1" for number, name in enumerate(names)]
    (root / "list_attr_celeba.txt").write_text("\n".join(["8", "Smiling Young", *rows]) + "\n")
    files = ("img_align_celeba/000001.jpg", "list_eval_partition.txt", "list_attr_celeba.txt")
    declared = {"type": "celeba", "root": "root", "size": 8, "cache": "cache"}
    return TinyDataset(declared, tuple(root / name for name in files))


def chairs(folder: Path) -> TinyDataset:
    for chair in ("one", "two"):
        renders = folder / "root" / chair / "renders"
        renders.mkdir(parents=True)
        for index, azimuth in enumerate((0, 11, 23, 34)):
            name = f"image_{index:03d}_p020_t{azimuth:03d}_r096.png"
            Image.fromarray(_noise(16, 16, 3, seed=azimuth)).save(renders / name)
    declared = {"type": "chairs", "root": "root", "size": 8, "cache": "cache", "test_fraction": 0.3}
    return TinyDataset(declared, (folder / "root" / "one" / "renders" / "image_000_p020_t000_r096.png",))


def dsprites(folder: Path) -> TinyDataset:
    values = [[1.0], [1.0, 2.0, 3.0], [0.5, 1.0], np.linspace(0, 6, 4), [0.0, 0.5, 1.0], [0.0, 1.0]]
    classes = np.array(list(itertools.product(*(range(len(known)) for known in values))))
    path = folder / "dsprites_ndarray_co1sh3sc6ori40x32x32_64x64.npz"
    images = _noise(len(classes), 64, 64) % 2
    np.savez_compressed(
        path, imgs=images, latents_values=np.array(list(itertools.product(*values))), latents_classes=classes
    )
    return TinyDataset({"type": "dsprites", "root": ".", "test": 40, "cache": "cache"}, (path,))


def shapes3d(folder: Path) -> TinyDataset:
    values = [[0.0, 0.5], [0.0, 0.9], [0.2, 0.3], [0.75, 1.25], [0.0, 1.0, 2.0, 3.0], [-30.0, 30.0]]
    labels = np.array(list(itertools.product(*values)))
    with h5py.File(folder / "3dshapes.h5", "w") as file:
        file.create_dataset("images", data=_noise(len(labels), 64, 64, 3), compression="gzip")
        file.create_dataset("labels", data=labels)
    declared = {"type": "shapes3d", "root": ".", "test": 20, "cache": "cache", "download": False}
    return TinyDataset(declared, (folder / "3dshapes.h5",))


def cars3d(folder: Path) -> TinyDataset:
    (folder / "cars").mkdir()
    savemat(folder / "cars" / "car_001_mesh.mat", {"im": _noise(32, 32, 3, 24, 4)})
    declared = {"type": "cars3d", "root": "cars", "size": 16, "test": 20, "cache": "cache"}
    return TinyDataset(declared, (folder / "cars" / "car_001_mesh.mat",))


def smallnorb(folder: Path) -> TinyDataset:
    magic = {np.dtype(np.uint8): 0x1E3D4C55, np.dtype(np.int32): 0x1E3D4C54}

    def norb(values: Any) -> bytes:
        sizes = [*values.shape, *[1] * (3 - values.ndim)]
        return struct.pack(f"<{2 + len(sizes)}i", magic[values.dtype], values.ndim, *sizes) + values.tobytes()

    stems = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")
    for stem, instance in zip(stems, (4, 0), strict=True):
        row = np.arange(10, dtype=np.int32)
        info = np.stack([row * 0 + instance, row % 9, row % 18 * 2, row % 6], axis=1).astype(np.int32)
        contents = {"dat": _noise(10, 2, 96, 96), "cat": row % 5, "info": info}
        for part, values in contents.items():
            (folder / f"{stem}-{part}.mat").write_bytes(norb(values))
    declared = {"type": "smallnorb", "root": ".", "size": 32, "cache": "cache", "download": False}
    return TinyDataset(declared, tuple(folder / f"{stems[0]}-{part}.mat" for part in ("dat", "cat", "info")))


DATASETS: Mapping[str, Callable[[Path], TinyDataset]] = {
    "image-folder": image_folder,
    **{f"array{suffix}": array(suffix) for suffix in (".npz", ".npy", ".safetensors", ".h5")},
    **{build.__name__: build for build in (mnist, cifar10, svhn, stl10, celeba, chairs)},
    **{build.__name__: build for build in (dsprites, shapes3d, cars3d, smallnorb)},
}

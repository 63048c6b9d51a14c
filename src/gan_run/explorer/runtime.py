"""ONNX Runtime Web, which runs models in a browser (MIT licence): from its npm package, when the wheel is built or when
a page is first made.

`setup.py` loads this file by itself, without the package: it imports the standard library alone.
"""

import base64
import gzip
import hashlib
import io
import os
import tarfile
import urllib.request
from pathlib import Path

VERSION = "1.30.0"
SHA512 = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
"""Of the package, in base64, as its registry gives it."""
MODULE = "ort.wasm.bundle.min.mjs"
WASM = "ort-wasm-simd-threaded.wasm.gz"
"""Compressed, as pages hold it."""
HERE = Path(__file__).parent
BUILT_IN = HERE / "files" / "onnxruntime-web"
"""Where `pip install` writes the files."""


def fetch_runtime(folder: Path) -> None:
    """Download the package and write its two files into `folder`.

    The registry is npm's own, or that in the environment variable `NPM_CONFIG_REGISTRY`.

    Raises:
        OSError: The package cannot be downloaded, or is not the one that is expected.
    """
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
    url = f"{registry}/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  # https, or what the user's variable says
        package = answer.read()
    if base64.b64encode(hashlib.sha512(package).digest()).decode() != SHA512:
        raise OSError(f"{url} is not the package of version {VERSION}: its hash is another")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        _write(folder / MODULE, _member(archive, MODULE))
        _write(folder / WASM, gzip.compress(_member(archive, WASM.removesuffix(".gz")), mtime=0))


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(f"package/dist/{name}")
    assert member is not None
    return member.read()


def _write(file: Path, content: bytes) -> None:
    """Write a file that is complete or absent, also where two processes write it at once."""
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(file)

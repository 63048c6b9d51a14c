"""Downloads of published files whose SHA-256 is known."""

from collections.abc import Mapping
from pathlib import Path

from gan_run import download_files


def fetch_files(root: Path, address: str, digests: Mapping[str, str], missing: str) -> None:
    """Download files into a folder.

    Args:
        root: The folder.
        address: The address of the folder that has them, without a slash at its end.
        digests: The SHA-256 of each file, by its name.
        missing: The start of the error message: what is missing.

    Raises:
        DataError: The download failed, or a file has another SHA-256.
    """
    from torch import hub  # it imports torch's package loader

    def fetch(folder: Path) -> list[Path]:
        for name, digest in digests.items():
            hub.download_url_to_file(f"{address}/{name}", str(folder / name), hash_prefix=digest)
        return [folder / name for name in digests]

    remedy = f"Fetch {', '.join(digests)} from {address} into {root}, or set data.root to a folder that has them."
    download_files(root, fetch, f"{missing}: the download failed. {remedy}")

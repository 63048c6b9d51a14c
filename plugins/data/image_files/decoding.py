"""Decodes picture files into the cache."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from PIL import Image
from torch import Tensor

from gan_run import Decoded, Decoding, PictureDecoder, UnreadableError, decode_once

OnError = Literal["error", "skip"]


def decode_pictures(paths: Sequence[Path], decoder: PictureDecoder, cache: Path, on_error: OnError) -> Decoded:
    """Decode pictures, or read them from the cache. Raises DataError; unreadable files raise it unless skipped."""

    def decode(path: Path) -> Tensor:
        try:
            return decoder.decode(path)
        except UnreadableError as error:
            if on_error == "skip":
                raise
            raise UnreadableError(f'{error}; set data.on_error to "skip" to skip such files') from error

    decoding = Decoding(paths, decoder.image, asdict(decoder), decode, skip_unreadable=on_error == "skip")
    with _bombs_are_errors():
        return decode_once(decoding, cache)


@contextmanager
def _bombs_are_errors() -> Iterator[None]:
    # The list of warning filters is shared by all threads, so it is set once, around the pool.
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield

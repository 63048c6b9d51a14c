"""Files that are part of a page."""

import base64


def data_uri(content: bytes, media_type: str) -> str:
    """A file as an address that holds it.

    Args:
        content: The file.
        media_type: Such as "image/png".

    Returns:
        A data URI.
    """
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"

"""Inputs of the Python API: paths, file objects, image arrays and PIL images."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeGuard

import numpy as np

from vidstyle.apps.arrays import ImageArray
from vidstyle.errors import SourceError
from vidstyle.media.image_file import Photo, decode_photo, open_photo

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)  # a drive has one letter
ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")  # of PIL
DEEP_MODES = ("I", "F")  # of PIL, with more than 8 bits; first letters


class PilImage(Protocol):
    """Interface of `PIL.Image.Image` that is used here; Pillow itself is not imported."""

    @property
    def mode(self) -> str:
        """Pixel format, as "RGB" or "P"; read by `read_image`, in its caller's thread."""

    def convert(self, mode: str, /) -> Any:
        """Return the image in another mode; called once by `read_image`, in its caller's thread."""


VideoInput = Path | str | BinaryIO
PhotoInput = Path | str | BinaryIO | ImageArray | PilImage


def input_path(input: object) -> Path | None:
    """Path of an input that is a string or a path; None for other types.

    Raises:
        SourceError: the string is empty, or the address of a stream or web page.
    """
    if not isinstance(input, str | os.PathLike):
        return None
    if input == "":  # `Path("")` is the current folder
        raise SourceError("The input's name is empty. Give the path of a file.")
    path = Path(input)
    if ADDRESS.match(str(path)) and not path.exists():
        address = ADDRESS.sub(r"\1://", str(path))
        raise SourceError(
            f"{address} is an address, not a file. Download it first, or play it live.",
            {"command": "live"},
        )
    return path


def read_image(input: PhotoInput) -> ImageArray:
    """Read a photo as an image array.

    Args:
        input: path or binary file object of a picture; an image array, returned unchanged and
            unchecked; or a PIL image.

    Returns:
        HxWx3 uint8 RGB of a file or a PIL image, or HxWx4 with its alpha channel.

    Raises:
        SourceError: the file is missing, empty or not a picture.
        TypeError: the input has another type, the file object is not binary, or the PIL image has
            more than 8 bits.
    """
    path = input_path(input)
    if path is not None:
        return _photo_array(open_photo(path))
    if _is_pil(input):
        return _pil_array(input)
    if hasattr(input, "read"):
        content = np.frombuffer(_binary(input).read(), np.uint8)
        return _photo_array(decode_photo(content, _name(input)))
    if isinstance(input, np.ndarray):
        return input  # checked by `unpack`
    raise TypeError(
        f"A photo cannot be {type(input).__name__}. "
        "Give a path, a binary file object, an array or a PIL image."
    )


@contextmanager
def video_file(input: VideoInput) -> Iterator[Path]:
    """Yield the path of a video; a file object is copied to a temporary file for the block.

    Raises:
        TypeError: the input is neither a path nor a binary file object.
    """
    path = input_path(input)
    if path is not None:
        yield path
        return
    if not hasattr(input, "read"):
        raise TypeError(
            f"A video cannot be {type(input).__name__}. Give a path or a binary file object."
        )
    with tempfile.TemporaryDirectory(prefix="vidstyle-") as folder:
        copy = Path(folder) / _name(input)
        with copy.open("wb") as opened:
            shutil.copyfileobj(_binary(input), opened)
        yield copy


def _is_pil(input: object) -> TypeGuard[PilImage]:
    return hasattr(input, "convert") and hasattr(input, "mode")


def _photo_array(photo: Photo) -> ImageArray:
    return photo.image if photo.alpha is None else np.dstack([photo.image, photo.alpha])


def _pil_array(image: PilImage) -> ImageArray:
    if image.mode.startswith(DEEP_MODES):
        raise TypeError(
            f'A PIL image of mode "{image.mode}" has more than 8 bits. '
            'Bring its values to 0..255 and convert it to "L" or "RGB".'
        )
    transparent = image.mode in ALPHA_MODES or "transparency" in getattr(image, "info", {})
    return np.asarray(image.convert("RGBA" if transparent else "RGB"), np.uint8)


def _binary(file: Any) -> BinaryIO:
    if not isinstance(file.read(0), bytes):
        raise TypeError('A file object must be binary. Open it with mode "rb".')
    opened: BinaryIO = file
    return opened


def _name(file: object) -> str:
    """Name of a file object, for messages and the temporary file."""
    name = getattr(file, "name", None)
    return (Path(name).name if isinstance(name, str) else "") or "input"

"""Inputs of the Python API: paths, file objects, image arrays and PIL images."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeGuard

import numpy as np

from vidstyle.apps.arrays import ImageArray
from vidstyle.errors import SourceError, reason
from vidstyle.media.animation import needs_transcoding, transcode
from vidstyle.media.footage import Footage
from vidstyle.media.image_file import Photo, decode_photo, open_photo
from vidstyle.media.image_metadata import Metadata
from vidstyle.media.image_sequence import (
    ImageSequence,
    find_sequence,
    is_sequence,
    numbered_pictures,
)
from vidstyle.options import STANDARD_STREAM

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


@dataclass(frozen=True, slots=True, eq=False)
class InputImage:
    """Photo of the caller as an array, and what its file says about it."""

    array: ImageArray  # as given, or HxWx3 uint8 RGB of a file, or HxWx4 with its alpha channel
    metadata: Metadata = field(default_factory=dict)
    animated: bool = False  # the file has more pictures
    hdr: str | None = None  # "PQ" or "HLG" of the file; the array is in SDR


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


def read_image(input: PhotoInput) -> InputImage:
    """Read a photo.

    Args:
        input: path or binary file object of a picture; an image array, returned unchanged and
            unchecked; or a PIL image.

    Raises:
        SourceError: the file is missing, empty or not a picture.
        TypeError: the input has another type, the file object is not binary, or the PIL image has
            more than 8 bits.
    """
    path = input_path(input)
    if path == STANDARD_STREAM:
        path, input = None, _stdin()
    if path is not None:
        return _input_image(open_photo(path))
    if _is_pil(input):
        return InputImage(_pil_array(input))
    if hasattr(input, "read"):
        content = np.frombuffer(_binary(input).read(), np.uint8)
        return _input_image(decode_photo(content, _name(input)))
    if isinstance(input, np.ndarray):
        return InputImage(input)  # checked by `unpack`
    raise TypeError(
        f"A photo cannot be {type(input).__name__}. "
        "Give a path, a binary file object, an array or a PIL image."
    )


@contextmanager
def video_file(
    input: VideoInput | ImageSequence, rate: Fraction | None = None
) -> Iterator[Footage]:
    """Yield the path of a video that FFmpeg reads, or an image sequence, any number of times.

    File objects, standard input and named pipes are copied to a temporary file for the block, and
    animated pictures that FFmpeg does not read are converted to one.

    Args:
        input: path or file object; folders and names with a number are image sequences. An
            image sequence is yielded unchanged.
        rate: of an image sequence, in frames per second; None for the default.

    Raises:
        SourceError: an animated picture cannot be decoded, the temporary file not be written, or
            there are no pictures.
        TypeError: the input is neither a path nor a binary file object.
    """
    if isinstance(input, ImageSequence):
        yield input
        return
    path = input_path(input)
    if path is None and not hasattr(input, "read"):
        raise TypeError(
            f"A video cannot be {type(input).__name__}. Give a path or a binary file object."
        )
    with ExitStack() as stack:
        if path is None:
            path = stack.enter_context(_copied(_binary(input), _name(input)))
        elif path == STANDARD_STREAM:
            path = stack.enter_context(_copied(_stdin(), "stdin"))
        elif path.is_fifo():
            path = stack.enter_context(_copied(stack.enter_context(path.open("rb")), path.name))
        if is_sequence(path):
            yield find_sequence(path, rate)
        else:
            yield stack.enter_context(_readable_by_ffmpeg(path))


def result_stem(path: Path) -> str:
    """Beginning of the names of an input's results: its name without a suffix or number."""
    if path == STANDARD_STREAM:
        return "stdin"
    if path.is_dir():
        return path.resolve().name
    names = numbered_pictures(path) if is_sequence(path) else None
    if names is None:
        return path.stem
    return names.prefix.rstrip(" ._-") or names.folder.resolve().name or "pictures"


def is_pipe(path: Path) -> bool:
    """Whether an input is standard input or a named pipe, which can be read only once."""
    return path == STANDARD_STREAM or path.is_fifo()


@contextmanager
def _copied(source: BinaryIO, name: str) -> Iterator[Path]:
    """Yield the path of a temporary file of a name with the content of a file object."""
    with tempfile.TemporaryDirectory(prefix="vidstyle-") as folder:
        copy = Path(folder) / name
        try:
            with copy.open("wb") as opened:
                shutil.copyfileobj(source, opened)
        except OSError as error:
            place = Path(folder).parent
            raise SourceError(f"Cannot copy the input to {place}: {reason(error)}.") from error
        if copy.stat().st_size == 0:
            raise SourceError(f"{name} is empty: it ended without a byte.")
        yield copy


def _stdin() -> BinaryIO:
    if sys.stdin.isatty():
        raise SourceError("Standard input is the terminal. Pipe a file into it.")
    return sys.stdin.buffer


@contextmanager
def _readable_by_ffmpeg(path: Path) -> Iterator[Path]:
    if not needs_transcoding(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="vidstyle-") as folder:
        video = Path(folder) / f"{path.name}.mkv"
        transcode(path, video)
        yield video


def _is_pil(input: object) -> TypeGuard[PilImage]:
    return hasattr(input, "convert") and hasattr(input, "mode")


def _input_image(photo: Photo) -> InputImage:
    image = photo.image if photo.alpha is None else np.dstack([photo.image, photo.alpha])
    return InputImage(image, photo.metadata, photo.animated, photo.hdr)


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

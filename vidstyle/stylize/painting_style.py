"""Styles of paintings without a training: the nearest texture of the shelf, the painting's palette.

A shipped network paints the strokes, and a linear map gives its output the painting's colors. The
result is metadata of a generator file, so it runs as fast as a shipped style and can be written as
a file of its own. Texture and palette are measured in some 0.1 s.
"""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from vidstyle.frame import RGBImage
from vidstyle.media.image_file import READABLE_SUFFIXES
from vidstyle.media.style_image import read_painting
from vidstyle.stylize.catalog import find_style, find_weights
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.palette import Palette, PaletteMap
from vidstyle.stylize.protobuf import encoded, fields, messages
from vidstyle.stylize.texture import by_nearness

METADATA, KEY, VALUE = 14, 1, 2  # field numbers of onnx.proto: ModelProto, StringStringEntryProto
# Chosen blind, docs/experiments.md.
OWN_CHROMA = 0.3
FINISH = Finish(contrast=1.06, clarity=0.4, saturation=1.15)
LEFT_OUT = {"udnie"}  # its facets break faces in other colors than its own


@dataclass(frozen=True, slots=True)
class PaintingStyle:
    """A shipped style and the metadata that give its network a painting's look."""

    texture: str  # name of the shipped style
    metadata: dict[str, str]  # replaces entries of that style's file


def is_picture(style: str | None) -> bool:
    """Whether a style's name is that of a picture file, by its suffix."""
    return style is not None and Path(style).suffix.lower() in READABLE_SUFFIXES


def painting_style(painting: RGBImage) -> PaintingStyle:
    """Choose texture and palette for a painting.

    Args:
        painting: HxWx3 uint8 RGB.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    nearest = next(near for near in by_nearness(painting) if near.style not in LEFT_OUT)
    palette = PaletteMap.between(nearest.palette, Palette.of(painting).readable())
    finish = {name: f"{value:g}" for name, value in asdict(FINISH).items()}
    source = hashlib.sha256(painting.tobytes()).hexdigest()
    about = {"palette": str(palette), "texture": nearest.style, "painting_sha256": source}
    return PaintingStyle(nearest.style, about | finish | {"own_chroma": f"{OWN_CHROMA:g}"})


def load_painting(file: Path, threads: int = 1) -> OnnxGenerator:
    """Load the generator of a painting; callable from any thread.

    Args:
        file: picture file.
        threads: threads of one call of `paint`.

    Raises:
        SourceError, StyleError: as `read_painting`; or a shipped file is missing or altered.
    """
    style = painting_style(read_painting(file))
    return OnnxGenerator(find_style(style.texture), threads, style.metadata)


def painting_files(style: PaintingStyle) -> tuple[bytes, bytes]:
    """Return a painting's style as .onnx contents: computing in float32, and in int8.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    plain, int8 = (
        with_metadata(file.read_bytes(), style.metadata)
        for file in (find_weights(style.texture), find_style(style.texture))
    )
    return plain, int8


def with_metadata(model: bytes, entries: dict[str, str]) -> bytes:
    """Return an .onnx file's content with metadata entries added or replaced."""
    kept = bytearray()
    for number, value, field in fields(memoryview(model)):
        if number != METADATA or _key(value) not in entries:
            kept += field
    for key, text in entries.items():
        entry = encoded(KEY, key.encode()) + encoded(VALUE, text.encode())
        kept += encoded(METADATA, entry)
    return bytes(kept)


def _key(entry: int | memoryview | None) -> str:
    assert isinstance(entry, memoryview)
    return b"".join(messages(entry, KEY)).decode()

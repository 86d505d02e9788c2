"""Which styles exist, where their files are, and whether they are intact."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle.assets import catalog_section, intact_file
from vidstyle.errors import StyleError
from vidstyle.style_spec import style_shares

PAINTINGS = "paintings"  # the folder among the shipped files


@dataclass(frozen=True, slots=True)
class Style:
    """One entry of models/catalog.json."""

    name: str
    file: str  # computes in float32
    sha256: str
    bytes: int
    int8: dict[str, Any]  # file, sha256 and bytes of the form that computes in int8
    size_class: str  # "17k", "55k" or "220k"
    licence: str
    painting: dict[str, Any]  # file, sha256 and bytes; title, artist, year, and whose the scan is
    training: str  # the command that makes this file again


def shipped_styles() -> list[Style]:
    """All styles of the catalog, the default first.

    Raises:
        StyleError: the catalog is missing or broken.
    """
    try:
        return [Style(**entry) for entry in catalog_section("styles")]
    except TypeError as error:
        raise StyleError(f"catalog.json is broken ({error}). Install vidstyle again.") from error


def find_style(name: str | None) -> Path:
    """The generator file for one style's name, for a path ending in .onnx, or for the default.

    Of a shipped style that is the int8 form, which takes half the time of the other.

    Raises:
        StyleError: no such style, or its file is not the one that was shipped.
    """
    if name is not None and name.endswith(".onnx"):
        return Path(name)
    style = shipped_style(name)
    return intact_file(style.int8["file"], style.int8["sha256"])


def find_weights(name: str) -> Path:
    """The file with one style's weights as they were trained, its float32 form; as `find_style`."""
    if name.endswith(".onnx"):
        return Path(name)
    style = shipped_style(name)
    return intact_file(style.file, style.sha256)


def find_painting(name: str | None) -> Path:
    """A small picture of the painting that a style, or the default, was learned from.

    Raises:
        StyleError: no such style, or its painting is not there or not the one that was shipped.
    """
    style = shipped_style(name)
    try:
        file, sha256 = style.painting["file"], style.painting["sha256"]
    except KeyError as error:
        title, artist = style.painting["title"], style.painting["artist"]
        raise StyleError(
            f"{style.name} ships without its painting, so not for --quality full. "
            f'Give a picture of "{title}" by {artist}: --style painting.jpg.'
        ) from error
    return intact_file(f"{PAINTINGS}/{file}", sha256)


def shipped_style(name: str | None) -> Style:
    """The catalog's entry of that name, or the default.

    Raises:
        StyleError: there is none.
    """
    styles = shipped_styles()
    style = styles[0] if name is None else next((s for s in styles if s.name == name), None)
    if style is None:
        names = ", ".join(s.name for s in styles)
        raise StyleError(
            f'No style named "{name}". Installed: {names}. Or give the path of an .onnx file, '
            "or a painting's picture file with --quality full."
        )
    return style


def check_style(style: str | None) -> None:
    """Find out before any work whether a style, or each style of a mix, is there.

    Raises:
        StyleError: as for `find_style`.
    """
    for share in style_shares(style):
        find_style(share.style)


def style_name(style: str | None) -> str:
    """A short name for file names: ink for "ink" and "my/ink.jpg", wave-60+ink-40 for a mix."""
    shares = style_shares(style)
    if len(shares) == 1:
        return _short_name(style)
    return "+".join(f"{_short_name(share.style)}-{100 * share.weight:.0f}" for share in shares)


def _short_name(style: str | None) -> str:
    if style is None:
        return shipped_styles()[0].name
    return Path(style).stem if Path(style).suffix else style

"""Style catalog: shipped styles by name, their generator and painting files, checksums."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle.assets import catalog_section, intact_file
from vidstyle.errors import StyleError, did_you_mean
from vidstyle.style_plan import ALL, StylePlan
from vidstyle.style_spec import style_shares

PAINTINGS = "paintings"  # subfolder of the models folder
MOST_NAMED = 3  # styles in the name of an output


@dataclass(frozen=True, slots=True)
class Style:
    """Catalog entry of a shipped style: its generator files, painting and training command."""

    name: str
    file: str  # the .onnx that computes in float32, relative to the models folder
    sha256: str
    bytes: int
    int8: dict[str, Any]  # file, sha256 and bytes of the .onnx that computes in int8
    size_class: str  # "17k", "55k" or "220k"
    licence: str
    # The keys: "title", "artist", "year", "source" (rights, and where the scan is from); for a
    # painting that ships also "file" (below models/paintings), "sha256" and "bytes".
    painting: dict[str, Any]
    training: str  # the command that reproduces this file


def shipped_styles() -> list[Style]:
    """Return all styles of the catalog, the default style first.

    Raises:
        StyleError: the catalog is missing or broken.
    """
    try:
        return [Style(**entry) for entry in catalog_section("styles")]
    except TypeError as error:
        raise StyleError(f"catalog.json is broken ({error}). Install vidstyle again.") from error


def find_style(name: str | None) -> Path:
    """Return the generator file that runs a style; the int8 form of a shipped style.

    The int8 form takes half the time of the float32 form.

    Args:
        name: name of a shipped style, or a path ending in .onnx, which is returned unchecked;
            None for the default style.

    Raises:
        StyleError: no such style, or its file is missing or altered; or the name is that of a
            file that is neither generator nor picture.
    """
    if name is not None and name.endswith(".onnx"):
        return Path(name)
    if name is not None and Path(name).is_file() and Path(name).suffix:
        raise StyleError(f"{name} is neither an .onnx generator nor a painting's picture.")
    style = shipped_style(name)
    return intact_file(style.int8["file"], style.int8["sha256"])


def find_weights(name: str | None) -> Path:
    """Return the float32 generator file of a style, with its weights as trained.

    Args:
        name: name of a shipped style, or a path ending in .onnx, which is returned unchecked;
            None for the default style.

    Raises:
        StyleError: as for `find_style`.
    """
    if name is not None and name.endswith(".onnx"):
        return Path(name)
    style = shipped_style(name)
    return intact_file(style.file, style.sha256)


def find_painting(name: str | None) -> Path:
    """Return the image file of the painting that a style was trained on.

    Args:
        name: name of a shipped style; None for the default style.

    Raises:
        StyleError: no such style, it ships without its painting, or the file is missing or
            altered.
    """
    style = shipped_style(name)
    try:
        file, sha256 = style.painting["file"], style.painting["sha256"]
    except KeyError as error:
        title, artist = style.painting["title"], style.painting["artist"]
        raise StyleError(
            f"{style.name} ships without its painting, so not for the full quality. "
            f'Give a picture of "{title}" by {artist}.',
            {"style": "painting.jpg"},
        ) from error
    return intact_file(f"{PAINTINGS}/{file}", sha256)


def shipped_style(name: str | None) -> Style:
    """Return the catalog entry of a style; the default style for None.

    Case, spaces, hyphens and underscores do not count: "Starry Night" is starry-night.

    Raises:
        StyleError: the catalog has no style of that name, or is missing or broken.
    """
    styles = shipped_styles()
    style = styles[0] if name is None else _same_name(name, styles)
    if style is None:
        names = [s.name for s in styles]
        guess = did_you_mean(str(name).casefold(), names)
        raise StyleError(
            f'No style named "{name}".{guess} Installed: {", ".join(names)}. Or give the '
            "path of an .onnx file or of a painting's picture."
        )
    return style


def known_name(style: str) -> str:
    """Name of a shipped style as in the catalog; any other style's text unchanged."""
    shipped = _same_name(style, shipped_styles())
    return shipped.name if shipped else style


def _same_name(name: str, styles: Sequence[Style]) -> Style | None:
    """Style of a name, however its words are written and joined; None if there is none."""
    return next((style for style in styles if _letters(style.name) == _letters(name)), None)


def _letters(name: str) -> str:
    return re.sub(r"[\s_-]", "", name).casefold()


def expanded(styles: Sequence[str | None]) -> list[str | None]:
    """Return a list of styles with "all" replaced by the shipped ones, one for each painting.

    Raises:
        StyleError: the catalog is missing or broken.
    """
    if ALL not in styles:
        return list(styles)
    by_painting = {str(style.painting): style for style in reversed(shipped_styles())}
    every = [style.name for style in reversed(by_painting.values())]
    others = [style for style in styles if style != ALL and known_name(str(style)) not in every]
    return [*every, *others]


def plan_name(plan: StylePlan) -> str:
    """Return a short name for output files: great-wave-to-udnie for styles over time."""
    names = [style_name(style) for style in expanded([change.style for change in plan.changes])]
    word = "and" if plan.by_scene else "to"
    if len(names) > MOST_NAMED:
        return f"{names[0]}-{word}-{len(names) - 1}-more"
    return f"-{word}-".join(names)


def style_name(style: str | None) -> str:
    """Return a short name for output files: ink for "my/ink.jpg", wave-60+ink-40 for a mix."""
    shares = style_shares(style)
    if len(shares) == 1:
        return _short_name(style)
    return "+".join(f"{_short_name(share.style)}-{100 * share.weight:.0f}" for share in shares)


def _short_name(style: str | None) -> str:
    if style is None:
        return shipped_styles()[0].name
    if Path(style).suffix:
        return Path(style).stem
    return known_name(style)


def is_result_name(file: Path) -> bool:
    """Whether a file is named as a result, NAME.STYLE.SUFFIX, of a shipped style or a mix of some.

    Results of versions before 0.2 are recognized by nothing else.
    """
    names = {style.name for style in shipped_styles()}
    style = Path(file.stem).suffix.removeprefix(".")
    parts = [part.rpartition("-") for part in style.split("+")]
    is_mix = all(name in names and share.isdecimal() for name, _, share in parts)
    return style in names or is_mix

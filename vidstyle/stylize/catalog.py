"""Which styles exist, where their files are, and whether they are intact."""

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from vidstyle.errors import StyleError


@dataclass(frozen=True, slots=True)
class Style:
    """One entry of models/catalog.json."""

    name: str
    file: str
    sha256: str
    bytes: int
    size_class: str  # "17k", "55k" or "220k"
    licence: str
    painting: dict[str, Any]  # title, artist, year, and where the scan came from
    training: str  # the command that makes this file again

    @property
    def path(self) -> Path:
        return models_folder() / self.file


def models_folder() -> Path:
    """Where the shipped styles are: inside the installed package, or beside it in a checkout.

    Raises:
        StyleError: neither place has them.
    """
    package = Path(str(resources.files("vidstyle")))
    for folder in (package / "models", package.parent / "models"):
        if (folder / "catalog.json").is_file():
            return folder
    raise StyleError("The shipped styles are missing. Install vidstyle again.")


def shipped_styles() -> list[Style]:
    """All styles of the catalogue, the default first.

    Raises:
        StyleError: the catalogue is missing or broken.
    """
    catalog = models_folder() / "catalog.json"
    try:
        entries = json.loads(catalog.read_text(encoding="utf-8"))["styles"]
        return [Style(**entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StyleError(f"{catalog} is broken ({error}). Install vidstyle again.") from error


def find_style(name: str | None) -> Path:
    """The generator file for a style's name, for a path ending in .onnx, or for the default.

    Raises:
        StyleError: no such style, or its file is not the one that was shipped.
    """
    if name is not None and name.endswith(".onnx"):
        return Path(name)
    styles = shipped_styles()
    style = next((s for s in styles if s.name == name), None) if name else styles[0]
    if style is None:
        names = ", ".join(s.name for s in styles)
        raise StyleError(
            f'No style named "{name}". Installed: {names}. Or give the path of an .onnx file.'
        )
    return checked(style)


def checked(style: Style) -> Path:
    """The style's file, once its checksum has been found right.

    Raises:
        StyleError: the file is missing or altered.
    """
    try:
        content = style.path.read_bytes()
    except OSError as error:
        raise StyleError(f"The file of style {style.name} is missing: {style.path}.") from error
    if hashlib.sha256(content).hexdigest() != style.sha256:
        raise StyleError(
            f"{style.path} is not the file that was shipped (its checksum differs). "
            "Install vidstyle again, or give the file's path as the style to use it all the same."
        )
    return style.path


def style_name(style: str | None) -> str:
    """A short name for file names: the style's own, or that of its file."""
    if style is None:
        return shipped_styles()[0].name
    return Path(style).stem if style.endswith(".onnx") else style

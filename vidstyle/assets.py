"""Shipped model files: the models folder, its catalog.json, and SHA-256 checks of its files."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from vidstyle.errors import StyleError


def models_folder() -> Path:
    """Return the models folder: inside the installed package, or beside it in a checkout.

    Raises:
        StyleError: neither place holds a catalog.json.
    """
    package = Path(str(resources.files("vidstyle")))
    for folder in (package / "models", package.parent / "models"):
        if (folder / "catalog.json").is_file():
            return folder
    raise StyleError("The shipped styles are missing. Install vidstyle again.")


def catalog_section(name: str) -> list[dict[str, Any]]:
    """Return the entries of one section of catalog.json: "styles" or "features".

    Raises:
        StyleError: the catalog is missing or broken.
    """
    catalog = models_folder() / "catalog.json"
    try:
        entries: list[dict[str, Any]] = json.loads(catalog.read_text(encoding="utf-8"))[name]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StyleError(f"{catalog} is broken ({error}). Install vidstyle again.") from error
    return entries


def intact_file(name: str, sha256: str) -> Path:
    """Return the path of a shipped file after checking its SHA-256.

    Args:
        name: path relative to the models folder.
        sha256: expected digest, 64 lowercase hex digits.

    Raises:
        StyleError: the file is missing, or its digest differs.
    """
    path = models_folder() / name
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StyleError(f"The shipped file {path} is missing. Install vidstyle again.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise StyleError(
            f"{path} is not the file that was shipped (its checksum differs). "
            "Install vidstyle again, or give the file's path as the style to use it all the same."
        )
    return path


def shipped_file(section: str, name: str) -> Path:
    """Path of a file of the catalog, by its section and name.

    Raises:
        StyleError: the catalog has no such entry, or the file is missing or altered.
    """
    entry = _entry(section, name)
    return intact_file(entry["file"], entry["sha256"])


def shipped_digest(section: str, name: str) -> str:
    """SHA-256 of a file of the catalog, 64 hex digits; the file is not read.

    Raises:
        StyleError: the catalog has no such entry.
    """
    return str(_entry(section, name)["sha256"])


def _entry(section: str, name: str) -> dict[str, Any]:
    for entry in catalog_section(section):
        if entry["name"] == name:
            return entry
    raise StyleError(f"catalog.json has no {name}. Install vidstyle again.")

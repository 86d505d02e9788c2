"""The folder of what ships: its catalog, and whether a file is the one that was shipped."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

from vidstyle.errors import StyleError


def models_folder() -> Path:
    """Where the shipped files are: inside the installed package, or beside it in a checkout.

    Raises:
        StyleError: neither place has them.
    """
    package = Path(str(resources.files("vidstyle")))
    for folder in (package / "models", package.parent / "models"):
        if (folder / "catalog.json").is_file():
            return folder
    raise StyleError("The shipped styles are missing. Install vidstyle again.")


def catalog_section(name: str) -> list[dict[str, Any]]:
    """The entries of one section of catalog.json: "styles" or "features".

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
    """A shipped file's path, once its checksum has been found right.

    Raises:
        StyleError: the file is missing or altered.
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

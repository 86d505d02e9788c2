"""Catalog entries: adds trained files to models/catalog.json."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidstyle.assets import models_folder

Entry = dict[str, Any]


def file_entry(file: Path) -> Entry:
    """Catalog entry of a file: name, SHA-256 and size."""
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"file": file.name, "sha256": digest, "bytes": len(content)}


def change_section(name: str, change: Callable[[list[Entry]], list[Entry]]) -> None:
    """Replace a section's entries ("styles", "features", "textures") by others made from them."""
    catalog = models_folder() / "catalog.json"
    content = json.loads(catalog.read_text(encoding="utf-8"))
    content[name] = change(content.get(name, []))
    text = json.dumps(content, indent=2, ensure_ascii=False)
    catalog.write_text(text + "\n", encoding="utf-8")


def enter_file(section: str, name: str, file: Path, licence: str = "MIT") -> None:
    """Enter a file of the models folder into a section, in place of the entry of that name."""

    def entered(entries: list[Entry]) -> list[Entry]:
        others = [entry for entry in entries if entry["name"] != name]
        return [*others, {"name": name, **file_entry(file), "licence": licence}]

    change_section(section, entered)

"""Enter what was trained into models/catalog.json."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidstyle.assets import models_folder

Entry = dict[str, Any]


def facts_of(file: Path) -> Entry:
    """What the catalog says of any file: its name, checksum and size."""
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"file": file.name, "sha256": digest, "bytes": len(content)}


def change_section(name: str, change: Callable[[list[Entry]], list[Entry]]) -> None:
    """Replace the entries of a section, "styles" or "features", by others made from them."""
    catalog = models_folder() / "catalog.json"
    content = json.loads(catalog.read_text(encoding="utf-8"))
    content[name] = change(content[name])
    text = json.dumps(content, indent=2, ensure_ascii=False)
    catalog.write_text(text + "\n", encoding="utf-8")

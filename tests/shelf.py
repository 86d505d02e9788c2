"""A models folder of toy styles, in place of the one that ships."""

import hashlib
import json
from pathlib import Path

import numpy as np

from tests.toys import save_convolution

# What is left of red, green and blue in 1 - x; the default first.
TOYS = {"negative": (1, 1, 1), "white": (0, 0, 0), "warm": (0, 0.5, 1)}


def stock(folder: Path) -> Path:
    """Fill a folder with the toy styles and their catalogue."""
    entries = []
    for name, left in TOYS.items():
        weight = -np.diag(np.array(left, np.float32)).reshape(3, 3, 1, 1)
        content = save_convolution(folder / f"{name}.onnx", weight).read_bytes()
        facts = {
            "file": f"{name}.onnx",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
        }
        entries.append(
            {
                "name": name,
                **facts,
                "int8": facts,
                "size_class": "17k",
                "licence": "MIT",
                "painting": {"title": f"[{name}]", "artist": "A. Toy", "year": "1900"},
                "training": "",
            }
        )
    (folder / "catalog.json").write_text(json.dumps({"styles": entries}), encoding="utf-8")
    return folder

"""A models folder of toy styles, in place of the one that ships."""

import hashlib
import json
from pathlib import Path

import numpy as np

from tests.textures import noise_image
from tests.toys import save_convolution
from vidstyle.media.image_file import write_photo

# What is left of red, green and blue in 1 - x; the default first.
TOYS = {"negative": (1, 1, 1), "white": (0, 0, 0), "warm": (0, 0.5, 1)}


def stock(folder: Path) -> Path:
    """Fill a folder with the toy styles, the painting of the first, and their catalog."""
    entries = []
    paintings = {"negative": _painting(folder / "paintings")}
    for name, left in TOYS.items():
        weight = -np.diag(np.array(left, np.float32)).reshape(3, 3, 1, 1)
        save_convolution(folder / f"{name}.onnx", weight)
        facts = _facts(folder / f"{name}.onnx")
        entries.append(
            {
                "name": name,
                **facts,
                "int8": facts,
                "size_class": "17k",
                "licence": "MIT",
                "painting": {"title": f"[{name}]", "artist": "A. Toy", "year": "1900"}
                | paintings.get(name, {}),
                "training": "",
            }
        )
    (folder / "catalog.json").write_text(json.dumps({"styles": entries}), encoding="utf-8")
    return folder


def _painting(folder: Path) -> dict[str, object]:
    folder.mkdir()
    write_photo(folder / "toy.png", noise_image(80, 80, seed=9, blur=1))
    return _facts(folder / "toy.png")


def _facts(file: Path) -> dict[str, object]:
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return {"file": file.name, "sha256": digest, "bytes": len(content)}

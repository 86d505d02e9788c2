"""Toy models folder: catalog, generators and a painting in place of the shipped ones."""

import hashlib
import json
from pathlib import Path

import numpy as np

from tests.textures import noise_image
from tests.toys import save_convolution
from vidstyle.media.image_file import write_photo

# Factors of red, green and blue, subtracted from 1, per style; the default first.
TOYS = {"negative": (1, 1, 1), "white": (0, 0, 0), "warm": (0, 0.5, 1)}


def stock(folder: Path) -> Path:
    """Write toy styles, the painting of the first one, and their catalog.json to a folder."""
    entries = []
    paintings = {"negative": _painting(folder / "paintings")}
    for name, factors in TOYS.items():
        weight = -np.diag(np.array(factors, np.float32)).reshape(3, 3, 1, 1)
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

"""Train one style and put it into models/ with its entry in the catalogue.

Needs the extra `train`, a painting, a folder of photos and the feature network's weights.
Stop it at any time; the same command goes on from its checkpoint.
"""

import argparse
import hashlib
import json
import logging
from pathlib import Path

import torch

from vidstyle.media.photo import PHOTO_SUFFIXES
from vidstyle.training.export import export
from vidstyle.training.train import Trainer, TrainingSettings

MODELS = Path(__file__).parent.parent / "models"
LARGEST_BYTES = {"17k": 17_408, "55k": 56_320, "220k": 225_280}


def main() -> None:
    """Read the arguments, train, export, register."""
    parsed = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if parsed.threads:
        torch.set_num_threads(parsed.threads)
    settings = TrainingSettings(
        painting=parsed.painting,
        photos=tuple(_photos(parsed.photos, parsed.leave_out)),
        feature_weights=parsed.weights,
        checkpoint=parsed.checkpoint,
        start_from=parsed.start_from,
        steps=parsed.steps,
        style_size=parsed.style_size,
        content_weight=parsed.content_weight,
    )
    generator = Trainer(settings).run()
    file = MODELS / f"{parsed.name}.onnx"
    export(generator, file)
    if file.stat().st_size > LARGEST_BYTES["55k"]:
        raise SystemExit(f"{file} has {file.stat().st_size} bytes, too many for its size class.")
    register(file, json.loads(parsed.about), parsed.recipe)


def register(file: Path, painting: dict[str, str], training: str) -> None:
    """Add or replace the catalogue's entry for a file in models/."""
    catalog = MODELS / "catalog.json"
    entries = json.loads(catalog.read_text(encoding="utf-8"))["styles"] if catalog.exists() else []
    entry = {
        "name": file.stem,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "bytes": file.stat().st_size,
        "size_class": "55k",
        "licence": "MIT",
        "painting": painting,
        "training": training,
    }
    names = [known["name"] for known in entries]
    if file.stem in names:
        entries[names.index(file.stem)] = entry
    else:
        entries.append(entry)
    text = json.dumps({"styles": entries}, indent=2, ensure_ascii=False)
    catalog.write_text(text + "\n", encoding="utf-8")


def _photos(folder: Path, leave_out: Path | None) -> list[Path]:
    """The photos of a folder, sorted; without those named in a file, one name a line."""
    left_out = set(leave_out.read_text(encoding="utf-8").split()) if leave_out else set()
    return [
        file
        for file in sorted(folder.iterdir())
        if file.suffix.lower() in PHOTO_SUFFIXES and file.name not in left_out
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("painting", type=Path)
    parser.add_argument("--name", required=True, help="of the style")
    parser.add_argument("--about", required=True, help="JSON: title, artist, year, source")
    parser.add_argument("--photos", type=Path, required=True, help="folder")
    parser.add_argument("--leave-out", type=Path, help="text file: names of photos not to use")
    parser.add_argument("--weights", type=Path, required=True, help="SqueezeNet v1.0 as .npz")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--start-from", type=Path, help="checkpoint of another style")
    parser.add_argument("--recipe", required=True, help="the command, as the catalogue shows it")
    parser.add_argument("--steps", type=int, default=TrainingSettings.steps)
    parser.add_argument("--style-size", type=int, default=TrainingSettings.style_size)
    parser.add_argument("--content-weight", type=float, default=TrainingSettings.content_weight)
    parser.add_argument("--threads", type=int, default=0)
    return parser


if __name__ == "__main__":
    main()

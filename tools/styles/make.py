r"""Training of the built-in styles, all or by name, into models/.

    python -m tools.styles.make --paintings PAINTINGS --photos PHOTOS
    python -m tools.styles.make --paintings PAINTINGS --photos PHOTOS starry-night great-wave

Both folders have a SOURCES.csv with artists and licences. Photos of licence_class research-only are
left out, and so are the first few, on which the styles are evaluated. Each run is a plain
`vidstyle train`, resumes after an interruption, and enters the catalog when it is finished. Some
styles are not trained, but predicted, as by `vidstyle style PAINTING`.
"""

import argparse
import csv
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.styles.catalog import Entry, change_section, file_entry
from vidstyle.apps.train import train_style
from vidstyle.assets import models_folder
from vidstyle.frame import with_short_side
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.options import TrainOptions
from vidstyle.stylize.catalog import PAINTINGS
from vidstyle.stylize.model_metadata import with_metadata
from vidstyle.stylize.painting_style import predicted_files, read_paintings
from vidstyle.training.results import int8_path
from vidstyle.training.style_files import file_metadata

HELD_OUT = 6  # photos for evaluation, not for training
PAINTING_SIDE, PAINTING_QUALITY = 512, 85  # px of the short side; some 100 KB


@dataclass(frozen=True)
class Recipe:
    """Training recipe of a built-in style."""

    name: str
    painting: str  # file
    training: dict[str, Any]  # options of the training, where they differ from the defaults
    predicted: bool = False  # not trained, see `stylize/predictor.py`

    @property
    def options(self) -> dict[str, Any]:
        """All of `TrainOptions` that differ from the defaults, with the painting's finish."""
        return self.training | FINISHES.get(self.painting, {})

    @property
    def size_class(self) -> str:
        return str(self.training.get("size", "55k"))


# Finishes by painting, where they differ from the default; chosen blind (docs/experiments.md).
FINISHES: dict[str, dict[str, float]] = {
    "hokusai-great-wave.jpg": {
        "own_chroma": 0.35,
        "sharpness": 0.0,
        "contrast": 1.0,
        "clarity": 0.0,
        "saturation": 1.35,
    },
    "van-gogh-starry-night.jpg": {
        "own_chroma": 0.5,
        "contrast": 1.05,
        "brightness": 0.08,
        "clarity": 1.0,
        "saturation": 1.35,
    },
    "picabia-udnie.jpg": {
        "own_chroma": 0.93,
        "contrast": 1.0,
        "clarity": 0.0,
        "saturation": 1.0,
    },
    "van-gogh-self-portrait-straw-hat.jpg": {
        "own_chroma": 0.5,
        "contrast": 1.2,
        "clarity": 0.7,
        "saturation": 1.2,
    },
    "munch-the-scream.jpg": {"own_chroma": 0.93, "saturation": 1.15},
    "gauguin-tahitian-women.jpg": {"own_chroma": 0.93, "saturation": 1.15},
    "watteau-woman-in-peasant-dress.jpg": {
        "own_chroma": 0.5,
        "contrast": 1.2,
        "clarity": 0.7,
        "saturation": 1.2,
    },
}
# Finish of predicted networks, chosen likewise.
PREDICTED: dict[str, Any] = {
    "abstraction": 0.0,
    "contrast": 1.05,
    "brightness": 0.06,
    "clarity": 0.4,
    "saturation": 1.25,
}
RECIPES = (  # in the catalog's order; each starts from the nearest of its size class that ships
    Recipe(
        "great-wave",
        "hokusai-great-wave.jpg",
        {
            "steps": 4650,
            "start_from": "none",
            "content_weight": 1.55,
            "temporal_weight": 6.0,
            "own_colors": 0.8,
        },
    ),
    Recipe(
        "great-wave-17k",
        "hokusai-great-wave.jpg",
        {
            "size": "17k",
            "steps": 2300,
            "start_from": "none",
            "content_weight": 2.0,
            "temporal_weight": 3.0,
            "own_colors": 0.8,
        },
    ),
    Recipe(
        "great-wave-220k",
        "hokusai-great-wave.jpg",
        {
            "size": "220k",
            "steps": 2800,
            "start_from": "none",
            "content_weight": 1.9,
            "temporal_weight": 2.0,
            "own_colors": 0.5,
        },
    ),
    Recipe("starry-night", "van-gogh-starry-night.jpg", {"steps": 4330, "content_weight": 1.1}),
    Recipe(
        "starry-night-17k",
        "van-gogh-starry-night.jpg",
        # Without an abstraction, whose entry would take it over the bytes of its class.
        {"size": "17k", "abstraction": 0.0, "steps": 4140, "content_weight": 1.1},
    ),
    Recipe(
        "starry-night-220k",
        "van-gogh-starry-night.jpg",
        {"size": "220k", "steps": 4240, "content_weight": 1.1},
    ),
    Recipe(
        "udnie",
        "picabia-udnie.jpg",
        {"steps": 7240, "content_weight": 1.4, "own_colors": 1.0},
    ),
    Recipe(
        "udnie-17k",
        "picabia-udnie.jpg",
        {
            "size": "17k",
            "steps": 5030,
            "content_weight": 1.3,
            "own_colors": 1.0,
        },
    ),
    Recipe(
        "udnie-220k",
        "picabia-udnie.jpg",
        {
            "size": "220k",
            "steps": 4600,
            "content_weight": 1.8,
            "own_colors": 0.8,
            "features": "squeezenet",
        },
    ),
    Recipe("kandinsky", "kandinsky-composition-vii.jpg", {"steps": 4000, "content_weight": 1.25}),
    Recipe(
        "kandinsky-17k",
        "kandinsky-composition-vii.jpg",
        {"size": "17k", "steps": 4110, "content_weight": 1.25},
    ),
    Recipe(
        "kandinsky-220k",
        "kandinsky-composition-vii.jpg",
        {"size": "220k", "steps": 4140, "content_weight": 1.3},
    ),
    Recipe("scream", "munch-the-scream.jpg", PREDICTED, predicted=True),
    Recipe("tahitian-women", "gauguin-tahitian-women.jpg", PREDICTED, predicted=True),
    Recipe("wheat-field", "van-gogh-wheat-field.jpg", {"steps": 4050}),
    Recipe("grande-jatte", "seurat-grande-jatte.jpg", {"steps": 5380, "own_colors": 0.6}),
    Recipe(
        "straw-hat",
        "van-gogh-self-portrait-straw-hat.jpg",
        {"steps": 3890, "content_weight": 1.25, "temporal_weight": 1.5},
    ),
    Recipe("contrast-of-forms", "leger-contrast-of-forms.jpg", PREDICTED, predicted=True),
    Recipe(
        "mondrian",
        "mondrian-composition.jpg",
        {"steps": 3860, "content_weight": 1.25, "temporal_weight": 2.0},
    ),
    Recipe("three-beauties", "utamaro-three-beauties.jpg", PREDICTED, predicted=True),
    Recipe("fuchun", "huang-gongwang-fuchun-mountains.jpg", {"steps": 4600, "content_weight": 1.4}),
    Recipe("young-hare", "durer-young-hare.jpg", {"steps": 4480, "content_weight": 1.6}),
    Recipe("red-chalk", "watteau-woman-in-peasant-dress.jpg", {"steps": 1200}),
)


def main() -> None:
    """Train and register the named styles, or all."""
    parsed = _parser().parse_args()
    unknown = set(parsed.names) - {recipe.name for recipe in RECIPES}
    if unknown:
        raise SystemExit(f"No such style: {', '.join(sorted(unknown))}.")
    wanted = [recipe for recipe in RECIPES if not parsed.names or recipe.name in parsed.names]
    parsed.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        photos = Path(name)
        link_photos(parsed.photos, photos)
        for recipe in wanted:
            make = predict if recipe.predicted else train
            register(recipe, make(recipe, photos, parsed), parsed.paintings)


def train(recipe: Recipe, photos: Path, parsed: argparse.Namespace) -> Path:
    """Train one style in the folder of the runs, or resume an earlier run there."""
    output: Path = parsed.work / f"{recipe.name}.onnx"
    begun = (parsed.work / f"{recipe.name}.training" / "checkpoint.pt").exists()
    options = TrainOptions(
        content=str(photos),
        threads=parsed.threads,
        resume=begun,
        overwrite=not begun,
        **recipe.options,
    )

    def show(progress: Any) -> None:
        if progress.step % 100 == 0:
            losses = ", ".join(f"{name} {loss:.3f}" for name, loss in progress.losses.items())
            left = f"{progress.left_s / 60:.0f} min left"
            print(f"{recipe.name}: step {progress.step}, {left}, {losses}", flush=True)

    train_style(parsed.paintings / recipe.painting, output, options, show)
    return output


def predict(recipe: Recipe, _photos: Path, parsed: argparse.Namespace) -> Path:
    """Write a predicted network with the recipe's finish into the folder of the runs."""
    output: Path = parsed.work / f"{recipe.name}.onnx"
    finish = file_metadata(TrainOptions(**recipe.options))
    style = str(parsed.paintings / recipe.painting)
    forms = predicted_files(read_paintings(style))
    for file, content in zip((output, int8_path(output)), forms, strict=True):
        file.write_bytes(with_metadata(content, finish))
    return output


def register(recipe: Recipe, finished: Path, paintings: Path) -> None:
    """Copy a finished file, its int8 form and its painting into models/ and the catalog."""
    file = models_folder() / f"{recipe.name}.onnx"
    shutil.copyfile(finished, file)
    shutil.copyfile(int8_path(finished), int8_path(file))
    entry = {
        "name": recipe.name,
        **file_entry(file),
        "int8": file_entry(int8_path(file)),
        "size_class": recipe.size_class,
        "licence": "MIT",
        "painting": add_painting(paintings, recipe.painting),
        "training": command(recipe),
    }

    def entered(styles: list[Entry]) -> list[Entry]:
        known = {style["name"]: style for style in styles} | {recipe.name: entry}
        order = [*(r.name for r in RECIPES), *known]
        return [known[name] for name in dict.fromkeys(order) if name in known]

    change_section("styles", entered)


def add_painting(paintings: Path, name: str) -> Entry:
    """Put a small copy of a painting into models/paintings/; return its catalog entry.

    A painting by an unknown artist is not copied, as it may not be in the public domain.
    """
    source = read_sources(paintings)[name]
    file = models_folder() / PAINTINGS / name
    free = source["artist_died"] != ""
    if free:
        file.parent.mkdir(exist_ok=True)
        image = with_short_side(read_photo(paintings / name), PAINTING_SIDE, enlarge=False)
        write_photo(file, image, PAINTING_QUALITY)
    return {
        **(file_entry(file) if free else {"file": name}),
        "title": source["title"].partition(" (")[0],  # notes follow in parentheses
        "artist": source["artist"],
        "year": source["year"],
        "source": source["licence"],
    }


def command(recipe: Recipe) -> str:
    """The `vidstyle train` command that reproduces a style, or what predicts it."""
    if recipe.predicted:
        return f"python -m tools.styles.make --paintings PAINTINGS --photos PHOTOS {recipe.name}"
    words = []
    for name, value in recipe.options.items():
        flag = f"--{name.replace('_', '-')}"
        words.append(flag if value is True else f"{flag} {value}")
    return " ".join(["vidstyle train", recipe.painting, "--content PHOTOS", *words])


def read_sources(folder: Path) -> dict[str, dict[str, str]]:
    """Rows of a folder's SOURCES.csv, by file name."""
    with (folder / "SOURCES.csv").open(encoding="utf-8", newline="") as opened:
        return {row["file"]: row for row in csv.DictReader(opened)}


def link_photos(folder: Path, target: Path) -> None:
    """Fill `target` with links to the photos that built-in styles may be trained on."""
    rows = read_sources(folder)
    free = sorted(name for name, row in rows.items() if row["licence_class"] != "research-only")
    for name in free[HELD_OUT:]:
        (target / name).symlink_to((folder / name).resolve())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="STYLE", help="which (all)")
    parser.add_argument("--paintings", type=Path, required=True, help="folder")
    parser.add_argument("--photos", type=Path, required=True, help="folder")
    parser.add_argument("--work", type=Path, default=Path("training"), help="folder for runs")
    parser.add_argument("--threads", type=int, help="cores to use")
    return parser


if __name__ == "__main__":
    main()

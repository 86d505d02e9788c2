"""Finish of the built-in styles, written from their recipes into the shipped files, untrained.

    python -m tools.styles.refinish
    python -m tools.styles.refinish starry-night great-wave

The weights stay as they are; metadata, checksums and the catalog's training commands change.
"""

import argparse

import onnx
from onnx import helper

from tools.styles.catalog import Entry, change_section, file_entry
from tools.styles.make import RECIPES, Recipe, command
from vidstyle.assets import models_folder
from vidstyle.options import TrainOptions
from vidstyle.training.results import int8_path
from vidstyle.training.style_files import PLAIN_LOOK, file_metadata


def main() -> None:
    """Write the finish of the named styles, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="STYLE", help="which (all)")
    names = parser.parse_args().names
    recipes = {recipe.name: recipe for recipe in RECIPES}
    unknown = set(names) - set(recipes)
    if unknown:
        raise SystemExit(f"No such style: {', '.join(sorted(unknown))}.")
    chosen = {name: recipes[name] for name in names or recipes}

    def refinished(styles: list[Entry]) -> list[Entry]:
        return [
            refinish(style, chosen[style["name"]]) if style["name"] in chosen else style
            for style in styles
        ]

    change_section("styles", refinished)


def refinish(entry: Entry, recipe: Recipe) -> Entry:
    """Write a recipe's finish into both forms of a style; return its new catalog entry."""
    file = models_folder() / entry["file"]
    wanted = file_metadata(TrainOptions(**recipe.options))
    for form in (file, int8_path(file)):
        model = onnx.load(form)
        about = {item.key: item.value for item in model.metadata_props}
        kept = {key: value for key, value in about.items() if key not in PLAIN_LOOK}
        finish = {key: value for key, value in wanted.items() if key in PLAIN_LOOK}
        helper.set_model_props(model, {**kept, **finish})
        onnx.save(model, form)
    forms = {**file_entry(file), "int8": file_entry(int8_path(file))}
    return {**entry, **forms, "training": command(recipe)}


if __name__ == "__main__":
    main()

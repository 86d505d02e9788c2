"""Exports all shipped styles to other runtimes, one folder for each, and prints a table.

python -m tools.exports shelf --to tflite coreml
python -m tools.exports shelf --to tflite --size 728x448 --styles udnie great-wave-17k
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from vidstyle.apps.export import SUFFIXES, ExportResult, export_style
from vidstyle.options import ExportOptions
from vidstyle.stylize.catalog import shipped_styles

HEAD = "| style | to | bytes | mean | largest | SSIM |\n| --- | --- | --- | --- | --- | --- |"


def export_shelf(folder: Path, styles: Sequence[str], options: ExportOptions) -> list[ExportResult]:
    """Export styles to one runtime, as FOLDER/RUNTIME/STYLE.*.

    Args:
        folder: made if it is missing.
        styles: names; empty for all.
        options: runtime, form, precision and size.

    Raises:
        VidstyleError: as `export_style`.
    """
    target = folder / options.to
    target.mkdir(parents=True, exist_ok=True)
    names = styles or [style.name for style in shipped_styles()]
    return [export_style(name, target / f"{name}{SUFFIXES[options.to]}", options) for name in names]


def row(result: ExportResult) -> str:
    """Row of the table; differences in levels of 255."""
    difference = f"{result.mean_difference:.2f} | {result.largest_difference}"
    return (
        f"| {result.style} | {result.to} | {result.output_bytes:,} | {difference} | "
        f"{result.similarity:.4f} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="tools.exports", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", nargs="+", choices=SUFFIXES, default=["tflite"])
    parser.add_argument("--styles", nargs="*", default=[], help="names (default: all)")
    parser.add_argument("--size", help="WxH of the pictures")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--overwrite", action="store_true")
    parsed = parser.parse_args(arguments)
    print(HEAD)
    for to in parsed.to:
        options = ExportOptions(
            to=to, size=parsed.size, precision=parsed.precision, overwrite=parsed.overwrite
        )
        for result in export_shelf(parsed.folder, parsed.styles, options):
            print(row(result), flush=True)


if __name__ == "__main__":
    main()

"""Measure how steady a style is on the sample's exact flow; the last line is JSON.

Two runs of one generator are compared: every frame painted by itself, and the default mode with
keyframes and warping. Both errors leave out what was hidden in the frame before.

    e_stab: root of the mean squared difference between a frame and the one before, carried along
        the true flow, 0..1 (Ruder et al., arXiv:1604.08610)
    e_warp: mean squared difference, as Lai et al. (arXiv:1808.00449), but on the true flow
    sharpness: mean gradient of the luma, in levels per pixel
"""

import argparse
import json
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tools import scenery
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import find_style
from vidstyle.stylize.flow import follow, sample
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.stylizer import Stylizer


def main() -> None:
    """Stylize the sample both ways, print a table and the ratio of the errors."""
    parsed = _parser().parse_args()
    rows: dict[str, dict[str, float]] = {}
    for name, every in (("every frame by itself", 1), ("keyframes and warping", parsed.every)):
        options = StylizeOptions(style=parsed.style, every=every)
        rows[name] = measure(painted(options, parsed.height), parsed.height)
    alone, warped = rows.values()
    rows["ratio"] = {key: warped[key] / alone[key] for key in alone}
    table = Table("", *alone)
    for name, row in rows.items():
        table.add_row(name, *(f"{value:.4g}" for value in row.values()))
    Console().print(table)
    print(json.dumps({"height": parsed.height, **rows}))


def painted(options: StylizeOptions, height: int) -> Iterator[RGBImage]:
    """Yield the sample's frames, stylized."""
    stylizer = Stylizer(OnnxGenerator(find_style(options.style)), options, Stats())
    frames = (
        Frame(Picture.from_rgb(image), index, Fraction(1, scenery.RATE))
        for index, image in enumerate(scenery.frames(height))
    )
    for frame in stylizer.stylize(frames):
        yield frame.picture.to_rgb()


def measure(images: Iterator[RGBImage], height: int) -> dict[str, float]:
    """Compare each frame with the one before, along the sample's true flow."""
    errors, worst, sharpness = [], [], []
    previous: NDArray[np.float32] | None = None
    for index, image in enumerate(images):
        current = image.astype(np.float32) / np.float32(255)
        if previous is not None and index != scenery.CUT:
            flow, occluded = scenery.flow_to_previous(index, height)
            squared = (sample(previous, follow(flow)) - current) ** 2
            errors.append(float(squared[~occluded].mean()))
            worst.append(float(np.sqrt(errors[-1])))
        sharpness.append(_sharpness(image))
        previous = current
    return {
        "e_stab": float(np.mean(worst)),
        "e_warp": float(np.mean(errors)),
        "worst frame's e_stab": float(np.max(worst)),
        "sharpness": float(np.mean(sharpness)),
    }


def _sharpness(image: RGBImage) -> float:
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)
    down, across = np.gradient(luma)
    return float(np.hypot(down, across).mean())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--height", type=int, default=scenery.SIZE_WH[1])
    parser.add_argument("--style", help="as for vidstyle")
    parser.add_argument("--every", type=int, help="as for vidstyle, of the second run")
    return parser


if __name__ == "__main__":
    main()

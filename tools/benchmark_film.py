"""Measure films of the full quality on the sample's true flow; the last line is JSON.

The first frames of the sample are painted: each by itself, with a keyframe in every few (the
default), every one, and by the generators that ship after the same painting. All are judged by
`tools.evaluation`: e_stab along the true flow, sharpness, style loss and content distance by
SqueezeNet. Beside that a picture: some frames of each, and a flicker strip under them, one row of
pixels over time.

    python -m tools.benchmark_film --style starry-night --judge squeezenet_v1_0.npz
"""

import argparse
import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from tools import scenery
from tools.evaluation.steadiness import Step, unsteadiness
from tools.evaluation.style import Judge, squeezenet_judge
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.machine import processor_name, usable_cores
from vidstyle.media.painting import read_painting
from vidstyle.media.photo import write_photo
from vidstyle.optimize.between import Retoucher
from vidstyle.optimize.budget import USUAL_EVERY, Budget
from vidstyle.optimize.film import Paintings
from vidstyle.optimize.picture import PictureOptimizer
from vidstyle.optimize.scene import SceneOptimizer
from vidstyle.optimize.scenes import Scene
from vidstyle.optimize.session import open_optimizer
from vidstyle.optimize.work import WorkFolder
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import find_painting, find_style, shipped_style, shipped_styles
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.stylizer import Stylizer

JUDGED = slice(3, None, 5)  # frames whose style is looked at
SHOWN = (0, 1, 2)  # of the frames, as parts of the length in quarters, in the picture
FIGURES = ("seconds_per_frame", "core_seconds_per_frame", "e_stab", "sharpness", "style", "content")


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """Frames with what is known of them."""

    frames: list[Frame]
    steps: list[Step | None]
    options: StylizeOptions


def main() -> None:
    """Paint every row, print the table and write the picture."""
    parsed = _parser().parse_args()
    reel = _reel(parsed.frames, parsed.height, parsed.style)
    file = find_painting(parsed.style)
    judge = squeezenet_judge(parsed.judge, parsed.height)
    optimizer = open_optimizer(read_painting(file), reel.options)
    ways: dict[str, Callable[[], list[RGBImage]]] = {
        "each frame by itself": lambda: [optimizer.paint(image) for image in _images(reel)],
        f"a keyframe in {USUAL_EVERY} (default)": lambda: film(optimizer, reel, USUAL_EVERY),
        "every frame": lambda: film(optimizer, reel, 1),
    }
    artwork = shipped_style(parsed.style).painting["file"]
    for style in shipped_styles():
        if style.painting["file"] == artwork:
            ways[f"fast, {style.name}"] = lambda name=style.name: fast(name, reel)  # type: ignore[misc]
    rows, shown = {}, {"the sample": _images(reel)}
    for name, way in ways.items():
        if parsed.rows and not any(wanted in name for wanted in parsed.rows):
            continue
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        shown[name] = way()
        took = {
            "seconds_per_frame": (time.perf_counter() - wall_s) / len(reel.frames),
            "core_seconds_per_frame": (time.process_time() - cpu_s) / len(reel.frames),
        }
        rows[name] = took | _judged(judge, shown[name], reel, file)
        print(name, rows[name], file=sys.stderr)
    write_photo(parsed.picture, _sheet(list(shown.values())))
    _print(rows)
    size = f"{reel.frames[0].picture.width}x{parsed.height}"
    machine = {"processor": processor_name(), "cores": usable_cores()}
    print(json.dumps(machine | {"size": size, "frames": parsed.frames, "rows": rows}))


def film(optimizer: PictureOptimizer, reel: Reel, every: int) -> list[RGBImage]:
    """The reel as `--quality full` paints one scene of a film."""
    options = replace(reel.options, every=every)
    scene = Scene(0, 0, len(reel.frames))
    with tempfile.TemporaryDirectory() as folder:
        work = WorkFolder(Path(folder) / "film.work", {})
        painter = SceneOptimizer(optimizer, options, work, Budget(None, 1), Stats())
        painter.paint(scene, reel.frames)
        retoucher = Retoucher(optimizer, work, scene, math.inf)
        stylizer = Stylizer(Paintings(work, scene), options, Stats(), retouch=retoucher)
        return [frame.picture.to_rgb() for frame in stylizer.stylize(reel.frames)]


def fast(style: str, reel: Reel) -> list[RGBImage]:
    """The reel as the fast mode paints it."""
    stylizer = Stylizer(OnnxGenerator(find_style(style)), reel.options, Stats())
    return [frame.picture.to_rgb() for frame in stylizer.stylize(reel.frames)]


def _reel(count: int, height: int, style: str) -> Reel:
    images = list(itertools.islice(scenery.frames(height), count))
    frames = [
        Frame(Picture.from_rgb(image), index, Fraction(1, scenery.RATE))
        for index, image in enumerate(images)
    ]
    flows = [scenery.flow_to_previous(index, height) for index in range(1, count)]
    steps = list[Step | None](Step(flow.astype(np.float16), ~hidden) for flow, hidden in flows)
    return Reel(frames, steps, StylizeOptions(style=style, quality="full", max_height=height))


def _images(reel: Reel) -> list[RGBImage]:
    return [frame.picture.to_rgb() for frame in reel.frames]


def _judged(
    judge: Judge, painted: Sequence[RGBImage], reel: Reel, painting: Path
) -> dict[str, float]:
    steady = unsteadiness(painted, reel.steps)
    pairs = list(zip(painted, _images(reel), strict=True))[JUDGED]
    opinions = [judge.opinion(*pair, painting) for pair in pairs]
    return {
        "e_stab": steady.e_stab,
        "sharpness": steady.sharpness,
        "style": float(np.mean([opinion.style for opinion in opinions])),
        "content": float(np.mean([opinion.content for opinion in opinions])),
    }


def _sheet(films: Sequence[Sequence[RGBImage]]) -> RGBImage:
    """One row a film: three frames, and its middle row of pixels over time, stretched."""
    rows = []
    for images in films:
        height, width = images[0].shape[:2]
        strip = np.stack([image[height // 2] for image in images])
        stretched = cv2.resize(strip, (width, height), interpolation=cv2.INTER_NEAREST)
        frames = [images[part * len(images) // 4] for part in SHOWN]
        rows.append(cv2.hconcat([*frames, stretched]))
    return np.asarray(cv2.vconcat(rows), np.uint8)


def _print(rows: dict[str, dict[str, float]]) -> None:
    table = Table("", *(name.replace("_", " ") for name in FIGURES))
    for name, row in rows.items():
        table.add_row(name, *(f"{row[key]:.3g}" for key in FIGURES))
    Console().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--judge", type=Path, required=True, help="SqueezeNet v1.0 weights, .npz")
    parser.add_argument("--style", default="starry-night", help="a shipped one")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--height", type=int, default=288, help="px")
    parser.add_argument("--rows", nargs="*", help="only rows with one of these words in them")
    parser.add_argument("--picture", type=Path, default=Path("film.png"), help="the report picture")
    return parser


if __name__ == "__main__":
    main()

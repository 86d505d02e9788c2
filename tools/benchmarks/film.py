"""Benchmark of full-quality films on the sample's true optical flow; the last line is JSON.

The first frames of the sample are stylized by each method: every frame independently, keyframes
(the default), every frame as a keyframe, and the shipped generators of the same painting.
Measured by `tools.evaluation`: e_stab along the true flow, sharpness, style loss and content
distance by SqueezeNet. A picture shows some frames of each method and a flicker strip, one row of
pixels over time. Rows and frames are kept in a folder, so that the same call resumes.

    python -m tools.benchmarks.film --style starry-night --judge squeezenet_v1_0.npz
"""

import argparse
import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from tools import scenery
from tools.benchmarks.resumable_rows import ResumableRows, Row
from tools.evaluation.steadiness import Step, unsteadiness
from tools.evaluation.style import Judge, squeezenet_judge
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.hardware import processor_name, usable_cores
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.media.style_image import read_painting
from vidstyle.optimize.budget import DEFAULT_INTERVAL, Budget
from vidstyle.optimize.generator import open_optimizer
from vidstyle.optimize.picture_optimizer import PictureOptimizer
from vidstyle.optimize.scene import Scene
from vidstyle.optimize.scene_optimizer import SceneOptimizer
from vidstyle.optimize.scene_painter import ScenePainter
from vidstyle.optimize.work_folder import WorkFolder
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import (
    Style,
    find_painting,
    find_style,
    shipped_style,
    shipped_styles,
)
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.painter import GeneratorPainter
from vidstyle.stylize.painter_schedule import always
from vidstyle.stylize.stylizer import VideoStylizer

JUDGED = slice(3, None, 5)  # frames with a measured style loss
SHOWN = (0, 1, 2)  # frames in the picture, in quarters of the length
FAST, DEFAULT, ALONE = (
    "fast, ",
    f"a keyframe in {DEFAULT_INTERVAL} (default)",
    "each frame by itself",
)
FIGURES = ("seconds_per_frame", "core_seconds_per_frame", "e_stab", "sharpness", "style", "content")


@dataclass(frozen=True, slots=True, eq=False)
class SampleFrames:
    """Frames of the sample, with their optical flow and the options to stylize them."""

    frames: list[Frame]
    steps: list[Step | None]
    options: StylizeOptions


def main() -> None:
    """Stylize every row, print the table and write the picture."""
    parsed = _parser().parse_args()
    reel = _reel(parsed.frames, parsed.height, parsed.style)
    file = find_painting(parsed.style)
    judge = squeezenet_judge(parsed.judge, parsed.height)
    parsed.folder.mkdir(parents=True, exist_ok=True)
    about = {
        "processor": processor_name(),
        "cores": usable_cores(),
        "size": f"{reel.frames[0].picture.width}x{parsed.height}",
        "frames": parsed.frames,
        "style": parsed.style,
        "generators": {style.name: style.sha256 for style in _generators(parsed.style)},
    }
    kept = ResumableRows(parsed.folder / "rows.json", about)
    shown = {"the sample": _images(reel)}
    for name, way in _methods(parsed.style, reel).items():
        if parsed.rows and not any(wanted in name for wanted in parsed.rows):
            continue
        files = [parsed.folder / f"{name}-{index:03d}.png" for index in range(parsed.frames)]
        if name in kept.rows:
            shown[name] = [read_photo(file) for file in files]
            continue
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        shown[name] = way()
        took = {
            "seconds_per_frame": (time.perf_counter() - wall_s) / parsed.frames,
            "core_seconds_per_frame": (time.process_time() - cpu_s) / parsed.frames,
        }
        for image_file, image in zip(files, shown[name], strict=True):
            write_photo(image_file, image)
        kept.put(name, took | _judged(judge, shown[name], reel, file))
        print(name, kept.rows[name], file=sys.stderr)
    write_photo(parsed.folder / "film.png", _sheet(list(shown.values())))
    _print({name: kept.rows[name] for name in shown if name in kept.rows})
    print(json.dumps(kept.report | {"ratios": ratios(kept.rows)}))


def _generators(style: str) -> list[Style]:
    """Shipped styles of the same painting."""
    artwork = shipped_style(style).painting["file"]
    return [each for each in shipped_styles() if each.painting["file"] == artwork]


def _methods(style: str, reel: SampleFrames) -> dict[str, Callable[[], list[RGBImage]]]:
    ways: dict[str, Callable[[], list[RGBImage]]] = {
        FAST + each.name: partial(fast, each.name, reel) for each in _generators(style)
    }
    options, painting = reel.options, read_painting(find_painting(style))
    optimizer = open_optimizer(painting, options.features, options.feature_weights, options.threads)
    return ways | {
        DEFAULT: lambda: film(optimizer, reel, DEFAULT_INTERVAL),
        ALONE: lambda: [optimizer.paint(image) for image in _images(reel)],
        "every frame": lambda: film(optimizer, reel, 1),
    }


def ratios(rows: Mapping[str, Row]) -> Row:
    """Ratios of the default to independent frames, and to the generator of least style loss."""
    found: Row = {}
    if {DEFAULT, ALONE} <= rows.keys():
        found["e_stab"] = rows[DEFAULT]["e_stab"] / rows[ALONE]["e_stab"]
    generators = [row for name, row in rows.items() if name.startswith(FAST)]
    if DEFAULT in rows and generators:
        best = min(generators, key=lambda row: row["style"])
        found |= {name: rows[DEFAULT][name] / best[name] for name in ("style", "content")}
    return found


def film(optimizer: PictureOptimizer, reel: SampleFrames, every: int) -> list[RGBImage]:
    """The reel stylized like one scene with `--quality full`."""
    options = replace(reel.options, every=every)
    scene = Scene(0, 0, len(reel.frames))
    with tempfile.TemporaryDirectory() as folder:
        work = WorkFolder(Path(folder) / "film.work", {})
        painter = SceneOptimizer(optimizer, options, work, Budget(None, 1), Stats())
        painter.paint(scene, reel.frames)
        scene_painter = ScenePainter(optimizer, work, scene, math.inf)
        stylizer = VideoStylizer(always(scene_painter), options, Stats())
        return [frame.picture.to_rgb() for frame in stylizer.stylize(reel.frames)]


def fast(style: str, reel: SampleFrames) -> list[RGBImage]:
    """The reel stylized by a generator, in the fast mode."""
    painter = GeneratorPainter(OnnxGenerator(find_style(style)))
    stylizer = VideoStylizer(always(painter), reel.options, Stats())
    return [frame.picture.to_rgb() for frame in stylizer.stylize(reel.frames)]


def _reel(count: int, height: int, style: str) -> SampleFrames:
    images = list(itertools.islice(scenery.frames(height), count))
    frames = [
        Frame(Picture.from_rgb(image), index, Fraction(1, scenery.RATE))
        for index, image in enumerate(images)
    ]
    flows = [scenery.flow_to_previous(index, height) for index in range(1, count)]
    steps = list[Step | None](Step(flow.astype(np.float16), ~hidden) for flow, hidden in flows)
    return SampleFrames(
        frames, steps, StylizeOptions(style=style, quality="full", max_height=height)
    )


def _images(reel: SampleFrames) -> list[RGBImage]:
    return [frame.picture.to_rgb() for frame in reel.frames]


def _judged(judge: Judge, painted: Sequence[RGBImage], reel: SampleFrames, painting: Path) -> Row:
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
    """One row per film: three frames, and the middle row of pixels over time, stretched."""
    rows = []
    for images in films:
        height, width = images[0].shape[:2]
        strip = np.stack([image[height // 2] for image in images])
        stretched = cv2.resize(strip, (width, height), interpolation=cv2.INTER_NEAREST)
        frames = [images[part * len(images) // 4] for part in SHOWN]
        rows.append(cv2.hconcat([*frames, stretched]))
    return np.asarray(cv2.vconcat(rows), np.uint8)


def _print(rows: dict[str, Row]) -> None:
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
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "vidstyle-film",
        help="for the rows, the frames and film.png, the report picture",
    )
    return parser


if __name__ == "__main__":
    main()

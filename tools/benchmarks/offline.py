"""Ablation benchmark of full quality: the effect of each measure; the last line is JSON.

One photo is stylized at a square size, in a process of its own for each row: with all measures,
then without one of them. Two plain references are implemented here:

    VGG-19: the network of Gatys et al. (arXiv:1508.06576) whole, 500 iterations of Adam at full
        size from the photo, no tricks. Weights are random, which costs as much time as trained
        ones; a few iterations are timed and scaled to 500.
    SqueezeNet: 500 iterations of the same with the judge's own features: the style loss to reach.

Style and content are measured by SqueezeNet at stride 2 (`tools.evaluation.style`), and style again
shifted by a few pixels, as pictures may fit a strided network at one grid position only.

Every row is kept in the folder, so that the same call resumes.

    python -m tools.benchmarks.offline --judge squeezenet_v1_0.npz
    python -m tools.benchmarks.offline --judge squeezenet_v1_0.npz --rows everything plain
"""

import argparse
import hashlib
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from tools import scenery
from tools.benchmarks.resumable_rows import ResumableRows, Row
from tools.evaluation.style import squeezenet_judge
from vidstyle.frame import RGBImage, with_short_side
from vidstyle.hardware import processor_name, usable_cores
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.media.style_image import read_painting
from vidstyle.optimize import jitter, solver
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.generator import HalfPrecision
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import COARSE_TO_FINE, PictureOptimizer, Stage, effort
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.perceptual.color_transfer import to_image, to_tensor
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.losses import content_loss, style_loss, tv_loss
from vidstyle.perceptual.slim import Slim
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.catalog import find_painting

REFERENCE_ITERATIONS = 500
TIMED = 3  # of the VGG-19 reference
VGG19 = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)  # 0: pool
VGG19_STYLE, VGG19_CONTENT = (0, 2, 4, 8, 12), 9  # relu1_1 ... relu5_1, and relu4_2
MEMORY_GB = 4.0  # the old laptop
FIGURES = ("seconds", "cpu_seconds", "peak_mb", "style", "aside", "content")
ASIDE = ((1, 0), (0, 1), (1, 1), (4, 4), (3, 5))  # px down and to the right


@dataclass(frozen=True, slots=True)
class Task:
    """Inputs of a measurement: photo, painting, and the judge's weights."""

    photo: RGBImage  # square
    painting: Path
    judge: Path
    folder: Path  # for the cache and the pictures


@dataclass(frozen=True, slots=True)
class Measures:
    """Switches of the measures; each row of the table turns one of them off."""

    slim: bool = True
    coarse_to_fine: bool = True
    lbfgs: bool = True
    early_stop: bool = True
    windows: bool = True
    cached: bool = True
    all_threads: bool = True
    apart: bool = True
    bfloat16: bool = False
    tiles: bool = False


ROWS = {
    "everything": Measures(),
    "one thread": Measures(all_threads=False),
    "full size only": Measures(coarse_to_fine=False),
    "Adam for L-BFGS": Measures(lbfgs=False),
    "one window for four": Measures(windows=False),
    "no early stop": Measures(early_stop=False),
    "painting not cached": Measures(cached=False),
    "branches together": Measures(apart=False),
    "in tiles": Measures(tiles=True),
    "with bfloat16": Measures(bfloat16=True),
    "SqueezeNet for slim": Measures(slim=False),
}


class PlainVgg19(nn.Module):
    """VGG-19 down to conv5_1 with random weights (Simonyan and Zisserman, arXiv:1409.1556)."""

    def __init__(self) -> None:
        super().__init__()
        sizes, self.layers = 3, nn.ModuleList()
        for width in VGG19:
            self.layers.append(nn.Conv2d(sizes, width, 3, padding=1) if width else nn.MaxPool2d(2))
            sizes = width or sizes
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Activations after each convolution."""
        seen, x = [], images
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, nn.Conv2d):
                x = torch.relu(x)
                seen.append(x)
        return seen


def main() -> None:
    """Measure every row and print the table."""
    parsed = _parser().parse_args()
    context = multiprocessing.get_context("spawn")
    parsed.folder.mkdir(parents=True, exist_ok=True)
    task = Task(_photo(parsed.photo, parsed.size), parsed.painting, parsed.judge, parsed.folder)
    about = {
        "processor": processor_name(),
        "cores": usable_cores(),
        "size": parsed.size,
        "photo": hashlib.sha256(task.photo.tobytes()).hexdigest(),
        "painting": parsed.painting.name,
    }
    kept = ResumableRows(parsed.folder / "rows.json", about)
    rows: dict[str, Callable[[Task], Row]] = {
        "plain VGG-19, 500 iterations": plain_vgg,
        "plain SqueezeNet, 500 iterations": plain_squeezenet,
    }
    rows |= {name: _Row(name, measures) for name, measures in ROWS.items()}
    for name, measure in rows.items():
        asked_for = not parsed.rows or any(wanted in name for wanted in parsed.rows)
        if name in kept.rows or not asked_for:
            continue
        with context.Pool(1, maxtasksperchild=1) as pool:
            kept.put(name, pool.apply(measure, (task,)))
        print(name, kept.rows[name], file=sys.stderr)
    _print({name: kept.rows[name] for name in rows if name in kept.rows})
    print(json.dumps(kept.report))


def plain_vgg(task: Task) -> Row:
    """Time of the reference, scaled from a few iterations, and its memory."""
    torch.set_num_threads(usable_cores())
    network = PlainVgg19()
    photo = to_tensor(task.photo)[None]
    with torch.no_grad():
        painting = network(to_tensor(_square(read_painting(task.painting), len(task.photo)))[None])
        targets = {layer: _plain_gram(painting[layer]) for layer in VGG19_STYLE}
        content = network(photo)[VGG19_CONTENT]

    def loss(image: Tensor) -> Tensor:
        seen = network(image)
        style = sum(
            (_plain_gram(seen[layer]) - target).square().mean() for layer, target in targets.items()
        )
        kept: Tensor = (seen[VGG19_CONTENT] - content).square().mean()
        return kept + 1000 * torch.as_tensor(style)

    image, took = _adam(loss, photo, TIMED)
    assert image.isfinite().all()
    whole = {name: value / TIMED * REFERENCE_ITERATIONS for name, value in took.items()}
    return whole | {"peak_mb": _peak_mb()}


def plain_squeezenet(task: Task) -> Row:
    """The style loss of 500 plain iterations with the judge's own features."""
    torch.set_num_threads(usable_cores())
    features = SqueezeNet(task.judge, strides=(2,))
    photo = to_tensor(task.photo)[None]
    with torch.no_grad():
        painting = to_tensor(with_short_side(read_painting(task.painting), len(task.photo)))[None]
        targets, content = features.grams(features(painting)), features(photo)

    def loss(image: Tensor) -> Tensor:
        seen = features(image)
        grams = features.grams(seen)
        style = torch.stack([style_loss(grams[n], target) for n, target in targets.items()]).sum()
        layers = features.content_layers
        kept = torch.stack([content_loss(seen[n], content[n]) for n in layers]).mean()
        weights = PictureLossWeights()
        return weights.style * style + weights.content * kept + weights.tv * tv_loss(image)

    image, took = _adam(loss, photo, REFERENCE_ITERATIONS)
    return took | _judged(task, to_image(image[0]), "plain SqueezeNet")


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    measures: Measures

    def __call__(self, task: Task) -> Row:
        measures = self.measures
        torch.set_num_threads(usable_cores() if measures.all_threads else 1)
        if not measures.early_stop:
            solver.MIN_PROGRESS = float("-inf")
        if not measures.windows:
            jitter.OFFSETS = jitter.OFFSETS[:1]
        features: FeatureNetwork = load_features("slim")
        if not measures.slim:
            features = SqueezeNet(task.judge)
        if not measures.apart:
            del Slim.branches  # leaves the one that all networks have: all of it
        if measures.bfloat16:
            features = HalfPrecision(features)
        room = MemoryLimits.within(MEMORY_GB)
        tile = room.tile if not measures.tiles else task.photo.shape[0] ** 2 // 2
        room = MemoryLimits(tile, room.history if measures.lbfgs else 0, room.picture)
        stages: Sequence[Stage] = COARSE_TO_FINE
        if not measures.coarse_to_fine:
            stages = (Stage(1.0, round(effort(COARSE_TO_FINE))),)
        cache = Cache(task.folder / (f"cache {measures.slim}" if measures.cached else self.name))
        image = read_painting(task.painting)
        if measures.cached:  # as after an earlier run
            PictureOptimizer(
                features, StyleTarget(image, features, cache), room, PictureLossWeights()
            ).paint(task.photo, [Stage(stage.scale, 1) for stage in stages])
        stopwatch = _Stopwatch()
        optimizer = PictureOptimizer(
            features, StyleTarget(image, features, cache), room, PictureLossWeights()
        )
        painted = optimizer.paint(task.photo, stages)
        return stopwatch.read() | _judged(task, painted, self.name)


def _adam(loss: Callable[[Tensor], Tensor], start: Tensor, iterations: int) -> tuple[Tensor, Row]:
    image = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=0.02)
    loss(image).backward()  # type: ignore[no-untyped-call]  # warms up
    stopwatch = _Stopwatch()
    for _ in range(iterations):
        optimizer.zero_grad()
        loss(image).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    return image.detach(), stopwatch.read()


class _Stopwatch:
    """Wall time and CPU time; on a shared machine, compare the latter."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def read(self) -> Row:
        return {
            "seconds": time.perf_counter() - self._wall_s,
            "cpu_seconds": time.process_time() - self._cpu_s,
        }


def _judged(task: Task, painted: RGBImage, name: str) -> Row:
    peak_mb = _peak_mb()  # before the judge is loaded
    write_photo(task.folder / f"{name.replace(' ', '-')}.png", painted)
    judge = squeezenet_judge(task.judge, len(task.photo))
    opinion = judge.opinion(painted, task.photo, task.painting)
    aside = [
        judge.opinion(_from(painted, *offset), _from(task.photo, *offset), task.painting).style
        for offset in ASIDE
    ]
    return {
        "peak_mb": peak_mb,
        "style": opinion.style,
        "aside": float(np.mean(aside)),
        "content": opinion.content,
    }


def _from(image: RGBImage, top: int, left: int) -> RGBImage:
    return np.ascontiguousarray(image[top:, left:])


def _plain_gram(activations: Tensor) -> Tensor:
    flat = activations.flatten(2)[0]
    gram: Tensor = flat @ flat.T / flat.shape[1]
    return gram


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _photo(file: Path | None, size: int) -> RGBImage:
    image = next(iter(scenery.frames(size))) if file is None else read_photo(file)
    return _square(image, size)


def _square(image: RGBImage, size: int) -> RGBImage:
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    part = image[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _print(rows: dict[str, Row]) -> None:
    columns = ("seconds", "core-seconds", "peak MB", "style loss", "aside", "content distance")
    table = Table("", *columns)
    for name, row in rows.items():
        figures = (row.get(key) for key in FIGURES)
        table.add_row(name, *("" if f is None else f"{f:.3g}" for f in figures))
    Console().print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--painting", type=Path, default=find_painting("starry-night"))
    parser.add_argument("--judge", type=Path, required=True, help="SqueezeNet v1.0 weights, .npz")
    parser.add_argument("--photo", type=Path, help="without, a frame of the sample's scenery")
    parser.add_argument("--size", type=int, default=512, help="px")
    parser.add_argument("--rows", nargs="*", help="only rows with one of these words in them")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(tempfile.gettempdir()) / "vidstyle-offline",
        help="for the rows and the pictures",
    )
    return parser


if __name__ == "__main__":
    main()

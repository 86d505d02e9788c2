"""Temporal stability: warping error along true or estimated optical flow, and noise gain.

    e_stab: root of the mean squared difference between a frame and the previous one, warped along
        the flow; colors 0..1, mean over frames (Ruder et al., arXiv:1604.08610)
    e_warp: the same without the root (Lai et al., arXiv:1808.00449)

Both exclude pixels that were occluded in the previous frame. Blurred pictures would be stable too,
so the sharpness, the mean gradient of the luma in levels per pixel, is measured as well.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tools import scenery
from vidstyle.errors import SourceError
from vidstyle.frame import Flow, Frame, Picture, Plane, RGBImage
from vidstyle.media.source import FileSource
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.painter import GeneratorPainter
from vidstyle.stylize.painter_schedule import always
from vidstyle.stylize.sampling import sample_along
from vidstyle.stylize.stylizer import VideoStylizer

MIN_VISIBLE = 0.5  # share of a frame that the previous one shows too; less is a cut
NOISE_SIGMA = 2.0  # of 255: a good webcam in a lit room
NOISE_DRAWS = 3

Visible = NDArray[np.bool_]  # HxW


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Optical flow from a frame to the previous one, and its visible pixels."""

    flow_to_previous: NDArray[np.float16]  # HxWx2, px; 16 bits are 0.01 px at 20, half the memory
    visible: Visible  # True where the previous frame shows the same content


@dataclass(frozen=True, slots=True, eq=False)
class Reel:
    """Frames to stylize, and the flow of each to the previous one; None after a cut."""

    name: str
    frames: list[Frame]
    steps: list[Step | None]  # one less than frames


@dataclass(frozen=True, slots=True)
class Unsteadiness:
    """Warping errors and sharpness, means over a reel."""

    e_stab: float
    e_warp: float
    sharpness: float


def sample_reel(height: int) -> Reel:
    """The rendered sample with its true flow, at a height in px."""
    frames = [
        Frame(Picture.from_rgb(image), index, Fraction(1, scenery.RATE))
        for index, image in enumerate(scenery.frames(height))
    ]
    steps: list[Step | None] = []
    for index in range(1, len(frames)):
        flow, occluded = scenery.flow_to_previous(index, height)
        cut = index == scenery.CUT
        steps.append(None if cut else Step(flow.astype(np.float16), ~occluded))
    return Reel("sample", frames, steps)


def clip_reel(file: Path, count: int, height: int) -> Reel:
    """The first frames of a clip with estimated flow.

    Args:
        file: a video.
        count: frames at most.
        height: its shorter side at most, in px.

    Raises:
        SourceError: it cannot be read, or has no two frames of one scene.
    """
    options = StylizeOptions(max_height=height)
    with FileSource(file, Stats()) as source:
        frames = [
            frame.showing(picture.resized(*options.working_size_wh(picture.width, picture.height)))
            for frame in itertools.islice(source, count)
            for picture in [frame.picture]
        ]
    lumas = [np.ascontiguousarray(frame.picture.y) for frame in frames]
    steps = [_estimated_step(before, now) for before, now in itertools.pairwise(lumas)]
    if not any(steps):
        raise SourceError(f"{file} has no two frames of one scene.")
    return Reel(file.name, frames, steps)


def painted(reel: Reel, file: Path, every: int) -> Iterator[RGBImage]:
    """Stylize a reel as vidstyle does, with a keyframe in `every` frames; 1 paints each."""
    picture = reel.frames[0].picture
    side = max(16, picture.height, picture.width)  # the reel has its working size already
    options = StylizeOptions(style=str(file), every=every, max_height=side)
    stylizer = VideoStylizer(always(GeneratorPainter(OnnxGenerator(file))), options, Stats())
    for frame in stylizer.stylize(reel.frames):
        yield frame.picture.to_rgb()


def unstyled(reel: Reel) -> Iterator[RGBImage]:
    """The reel's original pictures."""
    return (frame.picture.to_rgb() for frame in reel.frames)


def unsteadiness(images: Iterable[RGBImage], steps: Sequence[Step | None]) -> Unsteadiness:
    """Compare each picture (HxWx3 uint8 RGB) with the previous one, warped along the flow."""
    errors, sharpness = [], []
    for (before, now), step in zip(itertools.pairwise(images), steps, strict=True):
        sharpness.append(_sharpness(now))
        if step is not None:
            flow: Flow = step.flow_to_previous.astype(np.float32)
            squared = (sample_along(_floats(before), flow) - _floats(now)) ** 2
            errors.append(float(squared[step.visible].mean()))
    e_stab, e_warp = float(np.mean(np.sqrt(errors))), float(np.mean(errors))
    return Unsteadiness(e_stab, e_warp, float(np.mean(sharpness)))


def noise_gain(
    paint: Callable[[RGBImage], RGBImage],
    images: Iterable[RGBImage],
    sigma: float = NOISE_SIGMA,
    draws: int = NOISE_DRAWS,
) -> float:
    """Noise gain: flicker of a stylized still picture under sensor noise, over the input's.

    Several copies of each picture with Gaussian noise are stylized. The result is the root mean
    squared difference between the outputs over that between the copies; below 1 is calmer.

    Args:
        paint: stylizes HxWx3 uint8 RGB, of the same size.
        images: pictures to stylize.
        sigma: standard deviation of the noise, of 255.
        draws: copies of each picture, at least 2.
    """
    random = np.random.default_rng(0)
    difference_in, difference_out = 0.0, 0.0
    for image in images:
        noise = random.normal(0, sigma, (draws, *image.shape))
        copies = np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)
        paintings = [paint(copy) for copy in copies]
        for first, second in itertools.combinations(range(draws), 2):
            difference_in += _mean_square(copies[first], copies[second])
            difference_out += _mean_square(paintings[first], paintings[second])
    return float(np.sqrt(difference_out / difference_in))


def _estimated_step(before: Plane, now: Plane) -> Step | None:
    """Flow between two lumas by DIS (Kroeger et al., arXiv:1603.03590) at full size.

    Occlusions by the forward-backward check of Sundaram et al. (ECCV 2010), with the thresholds of
    Ruder et al. and Lai et al. Unlike theirs, motion boundaries are not marked.
    """
    if min(now.shape) < 16:  # DIS needs a few patches
        return None
    to_previous, to_next = _flow(now, before), _flow(before, now)
    way_back = sample_along(to_next, to_previous)
    missed_by = np.square(to_previous + way_back).sum(axis=-1)
    traveled = (np.square(to_previous) + np.square(way_back)).sum(axis=-1)
    height, width = now.shape
    places = np.dstack(np.meshgrid(np.arange(width), np.arange(height))) + to_previous
    inside = ((places >= 0) & (places <= (width - 1, height - 1))).all(axis=-1)
    visible = (missed_by <= 0.01 * traveled + 0.5) & inside
    if visible.mean() < MIN_VISIBLE:
        return None
    return Step(to_previous.astype(np.float16), visible)


def _floats(image: RGBImage) -> NDArray[np.float32]:
    return image.astype(np.float32) / np.float32(255)


def _sharpness(image: RGBImage) -> float:
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)
    down, across = np.gradient(luma)
    return float(np.hypot(down, across).mean())


def _flow(here: Plane, there: Plane) -> Flow:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(dis.calc(here, there, np.zeros((*here.shape, 2), np.float32)), np.float32)


def _mean_square(first: RGBImage, second: RGBImage) -> float:
    return float(np.square(first.astype(np.float32) - second.astype(np.float32)).mean())

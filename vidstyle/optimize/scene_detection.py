"""The scenes of a film, found in one pass over it before any work is done."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode

from vidstyle.frame import Frame
from vidstyle.stylize.flow import thumbnail

SHORTEST = 5  # frames; the detector's own 15 would take two quick cuts for one


@dataclass(frozen=True, slots=True)
class Scene:
    """A unit of work: some frames of the input that are painted together.

    Plain numbers, so that it can be written down and sent to whoever has the input.
    """

    number: int
    start: int  # its first frame, counted from where reading the input starts
    frames: int
    continues: bool = False  # the scene before was only cut off because it was too long


def find_scenes(frames: Iterable[Frame], longest: int) -> list[Scene]:
    """Cut a film where PySceneDetect's adaptive detector sees a cut.

    Args:
        frames: all of them.
        longest: frames; longer scenes are divided evenly, to bound memory.
    """
    detector = AdaptiveDetector(min_scene_len=SHORTEST)
    cuts, count = [0], 0
    for frame in frames:
        small = frame.picture.resized(*_small_wh(frame))
        bgr = cv2.cvtColor(small.to_rgb(), cv2.COLOR_RGB2BGR)
        found = detector.process_frame(FrameTimecode(count, fps=25.0), bgr)
        cuts += [cut.frame_num for cut in found]
        count += 1
    scenes = list[Scene]()
    for start, stop in zip(cuts, [*cuts[1:], count], strict=True):
        parts = -(-(stop - start) // longest)
        edges = np.linspace(start, stop, parts + 1).round().astype(int).tolist()
        for part, (first, end) in enumerate(itertools.pairwise(edges)):
            scenes.append(Scene(len(scenes), first, end - first, continues=part > 0))
    return scenes


def _small_wh(frame: Frame) -> tuple[int, int]:
    height, width = thumbnail(frame.picture).shape
    return width, height

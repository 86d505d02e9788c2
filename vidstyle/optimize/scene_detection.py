"""Scene detection: scenes of a whole film by PySceneDetect, in one pass before painting."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode

from vidstyle.frame import Frame
from vidstyle.stylize.flow import thumbnail

MIN_FRAMES = 5  # of a scene; with the detector's default of 15, two quick cuts count as one


@dataclass(frozen=True, slots=True)
class Scene:
    """Consecutive frames of the input that are optimized together; serialized as JSON."""

    number: int
    start: int  # index of the first frame, from where reading the input starts
    frames: int
    continues: bool = False  # True if it continues the previous scene, which was too long


def find_scenes(frames: Iterable[Frame], longest: int) -> list[Scene]:
    """Divide a film into scenes at the cuts of PySceneDetect's adaptive detector.

    Args:
        frames: all frames of the film, in order.
        longest: largest number of frames; longer scenes are divided evenly, to limit memory.
    """
    detector = AdaptiveDetector(min_scene_len=MIN_FRAMES)
    cuts, count = [0], 0
    for frame in frames:
        small = frame.picture.resized(*_thumbnail_wh(frame))
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


def _thumbnail_wh(frame: Frame) -> tuple[int, int]:
    height, width = thumbnail(frame.picture).shape
    return width, height

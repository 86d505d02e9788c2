"""Scene detection: scenes of a whole film by PySceneDetect, in one pass before painting."""

import itertools
from collections.abc import Iterable

import cv2
import numpy as np
from scenedetect import AdaptiveDetector, FrameTimecode

from vidstyle.frame import Frame
from vidstyle.optimize.scene import Scene
from vidstyle.stylize.flow import thumbnail

MIN_FRAMES = 5  # of a scene; with the detector's default of 15, two quick cuts count as one


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

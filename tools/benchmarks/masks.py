"""Person masks on clips: cost, closeness to the network's own mask, and steadiness.

    python -m tools.benchmarks.masks CLIP ...

Prints a row per clip:

- CPU time of a frame's mask, and of the blending with it, on one thread.
- IoU with the mask that the network gives for the frame by itself; and the mean distance of the
  mask's edge from that one's, in pixels of 144 lines.
- Mean change of the mask from frame to frame along the optical flow, over that of the network's.
"""

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Mask, Picture, resize
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.motion_tracker import MotionTracker
from vidstyle.stylize.person_mask import MaskTracker
from vidstyle.stylize.sampling import sample_along
from vidstyle.stylize.segmentation import segment
from vidstyle.stylize.warp import blend

FRAMES = 100  # of a clip
HALF = 0.5  # of a mask: its edge

Part = NDArray[np.bool_]  # HxW: inside of a mask


@dataclass
class Sums:
    """Measurements of a clip, frame by frame."""

    mask_s: list[float] = field(default_factory=list)
    blend_s: list[float] = field(default_factory=list)
    common: int = 0  # px that both masks hold
    either: int = 0
    edge_px: list[float] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    plain_changes: list[float] = field(default_factory=list)

    def row(self, name: str) -> str:
        """Row of the table."""
        ratio = np.mean(self.changes) / np.mean(self.plain_changes)
        cells = [
            name,
            f"{1000 * np.mean(self.mask_s):.1f}",
            f"{1000 * np.mean(self.blend_s):.1f}",
            f"{self.common / max(1, self.either):.3f}",
            f"{np.mean(self.edge_px):.2f}",
            f"{ratio:.2f}",
        ]
        return f"| {' | '.join(cells)} |"


def measure(pictures: Iterable[Picture]) -> Sums:
    """Measure the masks of successive frames."""
    flow, tracker, sums = MotionTracker(), MaskTracker(), Sums()
    before: tuple[Mask, Mask] | None = None
    for picture in pictures:
        small = thumbnail(picture)
        motion = flow.advance(small)
        to_previous = motion.to_previous if motion else None
        began = time.thread_time()
        share = tracker.person_share(picture, small, to_previous, "person")
        masked = time.thread_time()
        blend(picture, picture, share)
        sums.mask_s.append(masked - began)
        sums.blend_s.append(time.thread_time() - masked)
        height, width = small.shape
        shown, plain = resize(share, width, height), resize(segment(picture).mask, width, height)
        _compare(shown > HALF, plain > HALF, sums)
        if before is not None and to_previous is not None:
            sums.changes.append(_change(before[0], shown, to_previous))
            sums.plain_changes.append(_change(before[1], plain, to_previous))
        before = shown, plain
    return sums


def _compare(shown: Part, plain: Part, sums: Sums) -> None:
    sums.common += int((shown & plain).sum())
    sums.either += int((shown | plain).sum())
    edge, wanted = _edge(shown), _edge(plain)
    if edge.any() and wanted.any():
        distance = cv2.distanceTransform((~wanted).astype(np.uint8), cv2.DIST_L2, 5)
        sums.edge_px.append(float(distance[edge].mean()))


def _edge(mask: Part) -> Part:
    inside = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(mask & (inside == 0), np.bool_)


def _change(before: Mask, now: Mask, to_previous: FlowPath) -> float:
    moved = sample_along(before, to_previous.flow)
    return float(np.abs(now - moved)[to_previous.confidence > HALF].mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP")
    cv2.setNumThreads(1)
    print("| clip | mask, ms | blending, ms | IoU | edge, px | change over the network's |")
    print("| --- | --- | --- | --- | --- | --- |")
    for clip in parser.parse_args().clips:
        with FileSource(clip, Stats(), threads=1) as source:
            pictures = (frame.picture for frame in islice(source, FRAMES))
            print(measure(pictures).row(clip.name), flush=True)


if __name__ == "__main__":
    main()

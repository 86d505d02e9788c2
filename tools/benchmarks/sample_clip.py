"""Images of the sample clip, for benchmarks that need some at once."""

import itertools
from pathlib import Path

import av
import numpy as np

from vidstyle.frame import RGBImage

SAMPLE = Path(__file__).parents[2] / "samples/demo.mp4"  # 640x360 at 30 fps, 8 s


def sample_images(stop: int, step: int = 1) -> list[RGBImage]:
    """Decode frames of the sample clip.

    Args:
        stop: number of the first frame that is not needed any more.
        step: from one needed frame to the next.
    """
    with av.open(str(SAMPLE)) as container:
        frames = itertools.islice(container.decode(video=0), 0, stop, step)
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]

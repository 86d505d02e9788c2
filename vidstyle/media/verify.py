"""Open a finished file again and see whether it holds what was written."""

from array import array
from fractions import Fraction
from pathlib import Path

import av

from vidstyle.errors import SinkError


def verify(path: Path, pts: "array[int]", time_base: Fraction, copied_streams: int) -> None:
    """Compare a video file with what went into it; reads packets, decodes nothing.

    Args:
        path: the file.
        pts: presentation times of the frames, increasing, in units of `time_base`.
        time_base: seconds per unit.
        copied_streams: how many streams besides the video.

    Raises:
        SinkError: a frame or a stream is missing, or a time differs by more than the container's
            own clock must round.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            found = sorted(p.pts for p in container.demux(stream) if p.pts is not None)
            tick = Fraction(stream.time_base)
            streams = len(container.streams)
    except (OSError, IndexError, av.FFmpegError) as error:
        raise SinkError(f"The finished file cannot be read again ({error}).") from error
    if len(found) != len(pts):
        raise SinkError(f"{len(pts)} frames were written, but the file holds {len(found)}.")
    if streams != copied_streams + 1:
        raise SinkError(f"The file has {streams} streams instead of {copied_streams + 1}.")
    off = max(abs(a * tick - b * time_base) for a, b in zip(found, pts, strict=True))
    if off > tick:
        raise SinkError(f"A frame is {float(off):.3f} s from where it belongs.")

"""Verification of a finished video file: its packets are compared with the frames written."""

from array import array
from collections import Counter
from fractions import Fraction
from pathlib import Path

import av

from vidstyle.errors import SinkError

WITHOUT_DURATION = ("apng",)  # formats whose header has none


def verify(path: Path, pts: "array[int]", time_base: Fraction, copied: Counter[str]) -> None:
    """Check frame count, pts, side streams and duration of a video file, without decoding.

    Args:
        path: video file.
        pts: pts of the frames written, at least one, increasing, in units of `time_base`.
        time_base: seconds per unit.
        copied: number of streams besides the video, by FFmpeg's name of the type.

    Raises:
        SinkError: the file cannot be read, a frame or a stream is missing, a pts is off by more
            than one unit of the container's time base, or the duration in the header is too short.
    """
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            packets = [
                (packet.pts, packet.duration or 0)
                for packet in container.demux(stream)
                if packet.pts is not None
            ]
            found = sorted(pts for pts, _ in packets)
            tick = Fraction(stream.time_base or 1)
            streams = Counter(str(s.type) for s in container.streams)
            duration_s = (container.duration or 0) / av.time_base
            if container.format.name in WITHOUT_DURATION:
                duration_s = float(max(map(sum, packets)) * tick)
    except (OSError, IndexError, av.FFmpegError) as error:
        raise SinkError(f"The finished file cannot be read again ({error}).") from error
    if len(found) != len(pts):
        raise SinkError(f"{len(pts)} frames were written, but the file holds {len(found)}.")
    for kind, count in copied.items():
        if streams[kind] < count:  # more: Matroska keeps a stream without a packet
            raise SinkError(f"The file has {streams[kind]} {kind} streams instead of {count}.")
    off = max(abs(a * tick - b * time_base) for a, b in zip(found, pts, strict=True))
    if off > tick:
        raise SinkError(f"A frame is {float(off):.4f} s from where it belongs.")
    if duration_s < (pts[-1] - pts[0]) * time_base:
        raise SinkError(f"The file says it is {duration_s:.3f} s long, but its frames take longer.")

"""Side streams of an output: those of the input, or none, with a note on the sound left out."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import av
from av.container import OutputContainer

from vidstyle.media.demux import open_container
from vidstyle.media.info import VideoInfo
from vidstyle.media.stream_copy import StreamCopier

WORDS = {"audio": "sound", "subtitle": "subtitles"}  # by FFmpeg's type of a stream


def side_streams_of(
    info: VideoInfo, *, audio: str = "copy", rewinds: bool = True
) -> "Callable[[VideoInfo, OutputContainer, av.VideoStream], StreamCopier | NoSideStreams]":
    """Constructor of the side streams of a video file or stream.

    Args:
        info: properties of the input.
        audio: as for `StreamCopier`.
        rewinds: likewise.
    """
    if info.path is None:
        return NoSideStreams
    return partial(StreamCopier, audio=audio, rewinds=rewinds)


def silence_notes(info: VideoInfo, suffix: str, audio: str) -> list[str]:
    """Note on the input's sound and subtitles that an output of pictures alone does not hold.

    Args:
        info: properties of the input.
        suffix: of the output.
        audio: "none" if the sound is not wanted.

    Raises:
        SourceError: the input cannot be opened again.
    """
    if info.path is None:
        return []
    with open_container(info.path) as container:
        types = {stream.type for stream in container.streams}
    if audio == "none":
        types.discard("audio")
    lost = [word for kind, word in WORDS.items() if kind in types]
    return [f"no {' and no '.join(lost)} in {suffix}"] if lost else []


class NoSideStreams:
    """`SideStreams` of an input or output of pictures alone."""

    def __init__(
        self,
        info: VideoInfo,
        output: OutputContainer,
        video: av.VideoStream,
        *,
        suffix: str = "",
        audio: str = "copy",
    ) -> None:
        """Note what is left out; arguments as of `StreamCopier`, and the suffix of the output."""
        self.warnings = silence_notes(info, suffix, audio)
        self.copied = Counter[str]()

    def advance(self, until_s: float) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

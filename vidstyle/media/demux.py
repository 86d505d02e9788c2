"""Opens media files and finds the video in them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import SourceError, reason

PATIENCE = 16  # reads that may fail in a row before a file counts as ended
# For files that name their streams only when these begin: how far to look, in bytes and in us.
FAR_LOOK = {"probesize": "50000000", "analyzeduration": "600000000"}


def open_container(path: Path) -> av.container.InputContainer:
    """Open a media file for reading.

    Raises:
        SourceError: it is missing, unreadable, or no media file.
    """
    if path.is_dir():
        raise SourceError(f"{path} is a folder, not a video file.")
    if path.is_file() and path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes). It may not have been copied completely.")
    try:
        return _opened(path)
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {path}. Check the name and the folder.") from error
    except PermissionError as error:
        raise SourceError(f"{path} may not be read: permission denied.") from error
    except av.FFmpegError as error:
        raise SourceError(
            f"{path} is not a video that can be opened ({reason(error)}). "
            "If it is a recording, it may have been cut off before it was finished."
        ) from error


def _opened(path: Path) -> av.container.InputContainer:
    # An absolute path, because FFmpeg takes what stands before a colon for a protocol.
    name = str(path.absolute())
    container = av.open(name, metadata_errors="replace")
    if container.format.name == "flv" and len(container.streams) < 2:
        container.close()
        container = av.open(name, metadata_errors="replace", options=FAR_LOOK)
    return container


def known_later(path: Path, stream: Any) -> Any | None:
    """A stream as it is known further on in the file, if it is not known at the beginning.

    Args:
        path: of the file.
        stream: of sound, whose rate is unknown: it begins late in a transport stream.
    """
    size = path.stat().st_size
    for eighth in range(7, 0, -1):
        options = {"skip_initial_bytes": str(size * eighth // 8)}
        with suppress(av.FFmpegError):
            container = av.open(str(path.absolute()), metadata_errors="replace", options=options)
            for found in container.streams.audio:
                if (
                    found.id == stream.id
                    and found.codec_context
                    and found.codec_context.sample_rate
                ):
                    return found
            container.close()
    return None


def video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """The main video stream of a file; cover pictures do not count.

    Raises:
        SourceError: there is none.
    """
    streams = [s for s in container.streams.video if not is_cover(s)]
    if not streams:
        kinds = sorted({"cover picture" if is_cover(s) else s.type for s in container.streams})
        raise SourceError(f"{path} has no video in it (only {', '.join(kinds) or 'nothing'}).")
    best = container.streams.best("video")
    stream = next((s for s in streams if s is best), streams[0])
    if stream.codec_context is None:
        raise SourceError(f"{path} has a video whose codec the installed PyAV does not know.")
    return stream


def read_packets(
    container: av.container.InputContainer, on_late_stream: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """Yield the packets of all streams, reading on behind damage as far as that goes.

    Args:
        container: open.
        on_late_stream: called for each packet of a stream that was not known when the file was
            opened, as PyAV gives no access to it.

    Raises:
        av.FFmpegError: nothing more can be read.
    """
    packets: Iterator[Any] = container.demux()
    failures = 0
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except IndexError:
            on_late_stream()
            packets = container.demux()
            continue
        except av.FFmpegError:
            failures += 1
            if failures == PATIENCE:
                raise
            packets = container.demux()
            continue
        failures = 0
        if packet.dts is not None or packet.size:  # else PyAV's own, to empty decoders
            yield packet


def is_cover(stream: Any) -> bool:
    """Whether a video stream is the cover picture of a music file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)

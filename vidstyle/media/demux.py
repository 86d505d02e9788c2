"""Demuxer: opens media files, selects the video stream and reads packets past damage."""

import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import SourceError, reason
from vidstyle.media.input_formats import VARIABLE, input_options, playlist_format

ALPHA_DECODERS = {"vp9": "libvpx-vp9", "vp8": "libvpx"}
MAX_FAILED_READS = 16  # in a row; then the file counts as ended
MAX_LEADING_PACKETS = 10_000  # of all streams, at the beginning of a file
MAX_REORDERED = 17  # B-frames come after frames that are shown later; so many packets at most
# Probe limits in bytes and microseconds for formats that announce a stream only where it begins.
LONG_PROBE = {"probesize": "50000000", "analyzeduration": "600000000"}


def open_container(path: Path) -> av.container.InputContainer:
    """Open a media file for demuxing.

    Raises:
        SourceError: the file is missing, empty, unreadable, a playlist of other files, or in no
            format that is allowed.
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
        raise _not_opened(path, error) from error


def free_closed_codecs() -> None:
    """Free the decoders and encoders of closed files, with their threads and frames.

    Containers and streams of PyAV refer to each other, as do frames and their side data, so these
    stay until the garbage collector runs, often several files later: 45 MB and six threads for each
    conversion at 360 lines. Takes 20 ms.
    """
    gc.collect()


def _not_opened(path: Path, error: av.FFmpegError) -> SourceError:
    playlist = playlist_format(path)
    if playlist is not None:
        return SourceError(
            f"{path} is a playlist, which names other files or addresses. "
            f"Give these themselves, or set {VARIABLE}={playlist} if you trust it."
        )
    if isinstance(error, av.ArgumentError):  # as for formats that are not on the whitelist
        return SourceError(
            f"{path} is not a video that can be opened: it is damaged, or in an unusual "
            f"format. {VARIABLE}=all allows every format that FFmpeg knows."
        )
    return SourceError(
        f"{path} is not a video that can be opened ({reason(error)}). "
        "If it is a recording, it may have been cut off before it was finished."
    )


def _opened(path: Path) -> av.container.InputContainer:
    container = _open(path)
    if container.format.name == "flv" and len(container.streams) < 2:
        container.close()
        container = _open(path, **LONG_PROBE)
    return container


def _open(path: Path, **options: str) -> av.container.InputContainer:
    # Absolute, because FFmpeg takes the part of a name before a colon for a protocol.
    options |= input_options()
    return av.open(str(path.absolute()), metadata_errors="replace", options=options)


def probe_late_audio(path: Path, stream: Any) -> Any | None:
    """Find the codec parameters of an audio stream by probing from later positions in the file.

    Args:
        path: file of the stream.
        stream: audio stream of unknown sample rate, since it begins late in a transport stream.

    Returns:
        The same stream of another open container, or None where no position gives its rate.
    """
    size = path.stat().st_size
    for eighth in range(7, 0, -1):
        with suppress(av.FFmpegError):
            container = _open(path, skip_initial_bytes=str(size * eighth // 8))
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
    """Main video stream of a container, as FFmpeg selects it; cover art is excluded.

    Args:
        container: open for demuxing.
        path: for error messages.

    Raises:
        SourceError: there is no video stream, or none with a known codec.
    """
    streams = [s for s in container.streams.video if not is_cover_art(s)]
    if not streams:
        kinds = sorted({"cover picture" if is_cover_art(s) else s.type for s in container.streams})
        raise SourceError(f"{path} has no video in it (only {', '.join(kinds) or 'nothing'}).")
    best = container.streams.best("video")
    stream = next((s for s in streams if s is best), streams[0])
    if stream.codec_context is None:
        raise SourceError(f"{path} has a video whose codec the installed PyAV does not know.")
    return stream


def decoder(stream: av.VideoStream) -> av.VideoCodecContext:
    """Decoder of a video stream, not opened yet; for VP8 and VP9 with alpha, the one that has it.

    FFmpeg's own decoders of VP8 and VP9 leave out the alpha channel.
    """
    context = stream.codec_context
    name = ALPHA_DECODERS.get(context.name)
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if name is None or tags.get("alpha_mode") != "1" or name not in av.codecs_available:
        return context
    with_alpha: Any = av.CodecContext.create(name, "r")
    with_alpha.extradata = context.extradata
    found: av.VideoCodecContext = with_alpha
    return found


def read_packets(
    container: av.container.InputContainer, on_late_stream: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    """Yield the packets of all streams in file order; damaged places are skipped.

    Args:
        container: open for demuxing.
        on_late_stream: called, by the iterating thread, for each packet of a stream that was
            unknown when the file was opened; PyAV cannot return such packets.

    Raises:
        av.FFmpegError: reading failed `MAX_FAILED_READS` times in a row.
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
            if failures == MAX_FAILED_READS:
                raise
            packets = container.demux()
            continue
        failures = 0
        if packet.dts is not None or packet.size:  # else a flush packet of PyAV
            yield packet


def leading_pts(path: Path, index: int, step: Fraction) -> Fraction | None:
    """Pts of the first frame of a stream, counted back from the first packets that have one.

    FFmpeg gives no time to packets of Matroska files that lie before zero.

    Args:
        path: media file.
        index: of the stream.
        step: duration of a packet in units of the stream's time base.

    Returns:
        The pts in these units; None if no packet near the beginning has one.
    """
    untimed, times = 0, list[int]()
    with open_container(path) as container, suppress(av.FFmpegError):
        for packet in islice(read_packets(container), MAX_LEADING_PACKETS):
            if packet.stream_index != index:
                continue
            if packet.pts is None:
                untimed += 1
                continue
            times.append(packet.pts)
            if len(times) == MAX_REORDERED:
                break
    return min(times) - untimed * step if times else None


def is_cover_art(stream: Any) -> bool:
    """Whether a video stream is cover art: an attached picture, as in music files."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)

"""Video decoder: the main video stream of a file, in display order, deinterlaced, past damage."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import SourceError
from vidstyle.media.deinterlace import Deinterlacer
from vidstyle.media.demux import decoder, leading_pts, open_container, read_packets, video_stream
from vidstyle.media.image_header import MAX_PIXELS, MAX_SIDE
from vidstyle.media.info import nominal_rate
from vidstyle.media.timestamps import in_display_order

# Where FFmpeg guesses times, in this codec with its packed B-frames and this container.
GUESSED_TIMES = ("mpeg4", "avi")


class VideoDecoder:
    """Decoder of a video file, from its beginning or from a place within.

    Frames have the timestamps of the file. Belongs to one thread at a time.
    """

    def __init__(self, path: Path, threads: int, count: Callable[[str], None]) -> None:
        """Open the file.

        Args:
            path: video file of any format that FFmpeg reads.
            threads: of the decoder; 0 lets FFmpeg choose.
            count: called, while frames are decoded, with the name of a counter of `Stats`:
                "corrupt packets", "damaged frames" or "interlaced".

        Raises:
            SourceError: the file is missing or not a video, or its frames are too large.
        """
        self._path, self._threads, self._count = path, threads, count
        self.packets_end_s = 0.0  # latest end of a packet of any stream, in file time
        self.aspect = Fraction(1)  # of a pixel of the last frame, as the bitstream says
        self._aspects = deque[tuple[int | None, Fraction]]()  # changes of it, by pts
        self.was_sought = False  # decoding began within the file
        self._entry_is_sound: bool | None = None  # of the first I-frame there; None before it
        self._open()

    def close(self) -> None:
        """Close the file; iterators of `frames` are closed before."""
        self.container.close()

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of the frames' timestamps."""
        return Fraction(self.stream.time_base or 1)

    @property
    def step(self) -> Fraction:
        """Usual distance of two frames, in units of `time_base`."""
        return 1 / nominal_rate(self.stream) / self.time_base

    @property
    def can_enter(self) -> bool:
        """Whether decoding gives whole pictures from where it began; known after a frame.

        Some seekable frames of H.264 refresh a part of the picture only (recovery points).
        """
        return not self.was_sought or self._entry_is_sound is True

    def seek(self, time_s: float | None) -> None:
        """Continue before a time in the file, or at its beginning where it cannot be sought.

        Args:
            time_s: as timestamps count; None for the beginning of the file.
        """
        self._begin(time_s)
        if not self.was_sought:
            # Seeking to the beginning of an MPEG-TS file lands behind its first I-frame.
            self.close()
            self._open()

    def reopen(self, time_s: float | None, aspect: Fraction) -> None:
        """Open the file again, so that frames come out as at the first time.

        Args:
            time_s: as for `seek`.
            aspect: of a pixel, until the bitstream has another.

        Raises:
            SourceError: as at the first time.
        """
        self.close()
        self._open()
        self.aspect, self._aspects = aspect, deque()
        self._begin(time_s)

    def frames(self) -> Generator[av.VideoFrame, None, None]:
        """Yield the frames from the present place on."""
        for frame in self._deinterlaced():
            while self._aspects and self._aspects[0][0] in (None, frame.pts):
                self.aspect = self._aspects.popleft()[1]
            yield frame

    def check_size(self, width: int, height: int) -> None:
        """Check the size of frames, in pixels.

        Raises:
            SourceError: it is over `MAX_SIDE` or `MAX_PIXELS`.
        """
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise SourceError(
                f"{self._path} has {width}x{height} px, over the limits of {MAX_SIDE} px a side "
                f"and {MAX_PIXELS // 10**6} megapixels. Reduce it first."
            )

    def _open(self) -> None:
        self.container = open_container(self._path)
        try:
            self.stream = video_stream(self.container, self._path)
            self.check_size(self.stream.codec_context.width, self.stream.codec_context.height)
            self._decoder = decoder(self.stream)
            self._decoder.thread_type = "AUTO"
            self._decoder.thread_count = self._threads
        except BaseException:
            self.container.close()
            raise

    def _begin(self, time_s: float | None) -> None:
        """Seek in the open file, if it can be."""
        self.was_sought, self._entry_is_sound = False, None
        if time_s is not None:
            with suppress(av.FFmpegError):
                self.container.seek(int(time_s * av.time_base))
                self.was_sought = True

    def _deinterlaced(self) -> Iterator[av.VideoFrame]:
        deinterlacer: Deinterlacer | None = None
        frames = self._timed()
        if {self._decoder.name, self.container.format.name}.intersection(GUESSED_TIMES):
            frames = in_display_order(frames, self.time_base)  # keeps a frame more
        for frame in frames:
            if deinterlacer is not None and not deinterlacer.takes(frame):
                yield from deinterlacer.flush()
                deinterlacer = None
            if deinterlacer is None and frame.interlaced_frame:
                deinterlacer = Deinterlacer(frame, self.time_base)
                self._count("interlaced")
            if deinterlacer is None:
                yield frame
            else:
                yield from deinterlacer.push(frame)
        if deinterlacer is not None:
            yield from deinterlacer.flush()

    def _timed(self) -> Iterator[av.VideoFrame]:
        """Yield the decoded frames; untimed ones at the beginning of the file get a pts."""
        step = self.step
        lead: Fraction | None = None
        for number, frame in enumerate(self._decoded()):
            if number == 0 and frame.pts is None and not self.was_sought:
                lead = leading_pts(self._path, self.stream.index, step)
            if frame.pts is not None:
                lead = None
            elif lead is not None:
                frame.pts = round(lead + number * step)
            yield frame

    def _decoded(self) -> Iterator[av.VideoFrame]:
        for packet in self._packets():
            try:
                for frame in self._decoder.decode(packet):
                    if frame.is_corrupt:
                        self._count("damaged frames")
                    if self._entry_is_sound is None and frame.key_frame:
                        self._entry_is_sound = not frame.is_corrupt
                    self._note_aspect(frame)
                    yield frame
            except av.FFmpegError:
                self._count("corrupt packets")

    def _note_aspect(self, frame: av.VideoFrame) -> None:
        """Note a change of the pixel aspect ratio; frames are used later than they are decoded."""
        aspect = Fraction(self._decoder.sample_aspect_ratio or 1)
        if aspect != (self._aspects[-1][1] if self._aspects else self.aspect):
            self._aspects.append((frame.pts, aspect))

    def _packets(self) -> Iterator[Any]:
        """Yield the packets of the video stream, then None to flush the decoder."""
        try:
            for packet in read_packets(self.container):
                if packet.pts is not None and packet.time_base:
                    end = packet.pts + (packet.duration or 0)
                    self.packets_end_s = max(self.packets_end_s, float(end * packet.time_base))
                if packet.stream.index == self.stream.index:
                    yield packet
        except av.FFmpegError:
            self._count("corrupt packets")
        yield None

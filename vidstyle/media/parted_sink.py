"""Video file sink in parts: each part is encoded to a file of its own, and all are joined at last.

Every part has an encoder of its own with the same settings, so its packets depend on no others, and
those of all parts make one stream.
"""

import math
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace as replaced
from pathlib import Path
from types import TracebackType
from typing import Any

import av
from av.container import OutputContainer

from vidstyle.errors import SinkError
from vidstyle.frame import Checkpoint, Frame
from vidstyle.media.codecs import Encoder
from vidstyle.media.info import VideoInfo
from vidstyle.media.mux_trial import NullFile
from vidstyle.media.part_file import DamagedPartError, PartPacket, PartReader, PartWriter
from vidstyle.media.parts import PartFolder
from vidstyle.media.scheduling import unchanged_scheduling
from vidstyle.media.sink import FileSink
from vidstyle.stats import Stats

START_CODE = b"\0\0\0\1"
HEVC_SEI = (39, 40)  # types of NAL units


class PartedSink(FileSink):
    """`FileSink` whose finished parts outlive the run, however it ends.

    A part begins with a frame that has a checkpoint. `finish` joins the parts with the side
    streams, without encoding, and deletes them.
    """

    failure_note = "The same command goes on from here."

    def __init__(
        self,
        path: Path,
        like: VideoInfo,
        encoder: Encoder,
        stats: Stats,
        folder: PartFolder,
        **more: Any,
    ) -> None:
        """Create the partial file; arguments and errors as of `FileSink`.

        Args:
            path: final name.
            like: properties of the input.
            encoder: from `choose_encoder`.
            stats: receives the counters and timings of `FileSink`.
            folder: for the parts; the first frame written is the one after those that are there.
            more: further arguments of `FileSink`.
        """
        super().__init__(path, like, encoder, stats, **more)
        self._folder, self._files = folder, list(folder.finished.files)
        self._part: _OpenPart | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._part is not None:
            self._part.discard()
        super().__exit__(kind, error, trace)

    def write(self, frame: Frame) -> None:
        with self._stats.timed("encode"), self._sink_errors():
            encodable = self._encodable(frame)
            if self._part is None or frame.checkpoint is not None:
                self.end_part(frame.checkpoint)
                self._part = self._begun_part(frame.checkpoint)
            self._part.pts.append(frame.pts)
            self._part.add(self._encode(encodable))
        self._stats.count("frames")
        self._stats.position_s = frame.time_s

    def finish(self) -> int:
        with self._stats.timed("encode"), self._sink_errors():
            self.end_part(None)
            self._join()
            self._output.close()
        size = self._complete()
        self._finished = True
        with suppress(OSError):  # `vidstyle clean` deletes them too
            self._folder.clear()
        return size

    def _open_encoder(self) -> None:
        """Do nothing: each part opens one of its own, and the joined file with its header."""

    def _begun_part(self, checkpoint: Checkpoint | None) -> "_OpenPart":
        """Open encoder and file of a part; without a checkpoint, of the first one."""
        assert self._size_wh is not None
        container = av.open(NullFile(), "w", format=self._output.format.name)
        self._encoding = self._add_video(container)
        self._encoding.width, self._encoding.height = self._size_wh
        context = self._encoding.codec_context
        context.sample_aspect_ratio = self._video.codec_context.sample_aspect_ratio
        super()._open_encoder()
        self._first_dts = None
        part = self._folder.part(0 if checkpoint is None else checkpoint.part)
        extradata = bytes(context.extradata or b"")
        try:
            writer = PartWriter(self._folder.file(part), part.document(), extradata)
        except OSError:
            container.close()
            raise
        return _OpenPart(writer, container)

    def end_part(self, until: Checkpoint | None) -> None:
        """Flush the encoder of the part, if there is one, and complete its file.

        Args:
            until: of the next part's first frame; None after the last part.

        Raises:
            SinkError: the encoder has left out a frame, or changed a time.
            OSError: the disk is full.
        """
        part = self._part
        if part is None:
            return
        part.add(self._packets(None))
        if until is not None:
            counts = until.counts | {"frames": self._stats["frames"]}
            until = replaced(until, counts=counts, seconds=self._stats.elapsed_s)
        self._files.append(part.finish(until))
        self._part, self._encoding = None, self._video  # the last reference to the part's encoder

    def _join(self) -> None:
        """Mux the packets of all parts and the side streams."""
        with unchanged_scheduling():
            self._output.start_encoding()
        delay = self._read_times()
        self._first_dts, last = None, None
        for number, each in enumerate(self._stored()):
            packet = each.packet(self._like.time_base)
            packet.stream = self._video
            if packet.dts is not None:
                packet.dts = self._decoding_time(number, delay)
            if self._first_dts is None:
                self._first_dts = packet.dts
            if last is not None:
                self._mux(last)
            last = packet
        self._complete_duration(last)
        self._mux(last)
        self._side_streams.advance(math.inf if self._like.end_s is None else self._like.end_s)

    def _read_times(self) -> int:
        """Note the times of all frames; return how many frames decoding precedes them by."""
        self._pts, delay = array("q"), 0
        for file in self._files:
            with self._part_errors(), PartReader(file) as reader:
                decoded = reader.times()
                shown = sorted(decoded)
                places = {pts: place for place, pts in enumerate(shown)}
                delays = (number - places[pts] for number, pts in enumerate(decoded))
                delay = max([delay, *delays])
                self._pts.extend(shown)
        return delay

    def _decoding_time(self, number: int, delay: int) -> int:
        """Decoding time of a packet: the time of the frame `delay` places before.

        Not the encoder's own, since its delay differs between parts: short ones have none.
        """
        if number >= delay:
            return self._pts[number - delay]
        frame = self._pts[1] - self._pts[0] if len(self._pts) > 1 else 1
        return self._pts[0] - (delay - number) * frame

    def _stored(self) -> Iterator[PartPacket]:
        """Yield the packets of all parts; note the end of the frames."""
        expected = _parameter_sets(bytes(self._video.codec_context.extradata or b""))
        for file in self._files:
            with self._part_errors(), PartReader(file) as reader:
                if _parameter_sets(reader.extradata) != expected:
                    file.unlink()
                    raise DamagedPartError(f"{file}: of another encoder")
                for packet in reader.packets():
                    self._end_pts = max(self._end_pts, packet.pts + packet.duration)
                    yield packet

    def _mux(self, packet: Any) -> None:
        time_s = None if packet.dts is None else float(packet.dts * packet.time_base)
        self._output.mux(packet)
        if time_s is not None:
            self._side_streams.advance(time_s)

    @contextmanager
    def _part_errors(self) -> Iterator[None]:
        """Raise a damaged part as `SinkError`."""
        try:
            yield
        except DamagedPartError as error:
            raise SinkError(
                f"A finished part is damaged ({error}). The same command makes it anew."
            ) from error


class _OpenPart:
    """Part that is being encoded."""

    def __init__(self, writer: PartWriter, container: OutputContainer) -> None:
        self._writer = writer
        self._container = container  # that holds the encoder
        self.pts = array("q")  # of the frames
        self._encoded = array("q")  # of the packets

    def add(self, packets: list[Any]) -> None:
        for packet in packets:
            self._encoded.append(packet.pts)
            self._writer.add(packet)

    def finish(self, until: Checkpoint | None) -> Path:
        """Complete the file, free the encoder, and return the file's path.

        Args:
            until: as for `PartWriter.finish`.

        Raises:
            SinkError: the encoder has left out a frame, or changed a time.
        """
        if sorted(self._encoded) != list(self.pts):
            raise SinkError(
                f"{len(self.pts)} frames were encoded to {len(self._encoded)} packets. Choose "
                "another encoder.",
                {"codec": ...},
            )
        self._container.close()  # else it waits for the garbage collector, 7 to 50 MB each
        return self._writer.finish(until)

    def discard(self) -> None:
        """Delete the partial file, and free the encoder."""
        self._writer.discard()
        self._container.close()


def _parameter_sets(extradata: bytes) -> list[bytes]:
    """NAL units of extradata but for SEI messages: x265's name the processor and its threads."""
    units = extradata.split(START_CODE)
    return [unit for unit in units if unit and unit[0] >> 1 not in HEVC_SEI]

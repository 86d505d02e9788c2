"""Everything of a file that is not its picture: sound, subtitles, chapters, metadata."""

import io
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av.stream import Discard

from vidstyle.media.demux import is_cover, open_container, read_packets, video_stream
from vidstyle.media.info import VideoInfo
from vidstyle.media.timestamps import restart_offset

TEXT_SUBTITLES = {"subrip", "ass", "ssa", "webvtt", "text", "mov_text"}
# The one kind of text subtitles that each container is sure to hold.
OWN_SUBTITLES = {"mp4": "mov_text", "mov": "mov_text", "matroska": "srt", "webm": "webvtt"}
# What the new file says of itself; mkvmerge's statistics would no longer be true.
OURS = {
    "encoder", "major_brand", "minor_version", "compatible_brands", "duration", "bps",
    "number_of_frames", "number_of_bytes", "_statistics_writing_app",
    "_statistics_writing_date_utc", "_statistics_tags", "vendor_id",
}  # fmt: skip


class StreamCopier:
    """Copies packets from the input, opened a second time, into an output being written.

    Reading the file twice keeps the pipeline free of packets and its memory flat.
    `warnings` names what could not go along.
    """

    def __init__(
        self, info: VideoInfo, output: av.container.OutputContainer, video: av.VideoStream
    ) -> None:
        """Give the output its streams, tags and chapters.

        Args:
            info: the input.
            output: nothing has been written to it yet.
            video: its stylized video, which gets the name and language of the original.
        """
        self._origin_s = info.origin_s
        self._output = output
        self._input = open_container(info.path)
        self.warnings: list[str] = []
        self._targets: dict[int, Any] = {}  # by stream of the input, as the next two
        self._offsets: dict[int, int] = {}  # added to times, in the stream's own units
        self._last_dts: dict[int, int] = {}
        self._refused: Counter[str] = Counter()
        original = video_stream(self._input, info.path)
        _name_alike(original, video)
        for stream in self._input.streams:
            if stream.index != original.index and not _is_written_anew(stream):
                self._add(stream)
        self._packets = self._read()
        self._waiting = next(self._packets, None)
        self._copy_tags()

    @property
    def copied(self) -> Counter[str]:
        """How many streams of each type go along."""
        return Counter(target.type for target in self._targets.values())

    def advance(self, until_s: float) -> None:
        """Copy all packets that start before `until_s`, on the output's clock."""
        while self._waiting is not None and _start_s(self._waiting) < until_s:
            try:
                self._output.mux(self._waiting)
            except av.InvalidDataError:  # the container looks into some packets, and refused one
                self._refused[_describe(self._waiting.stream)] += 1
            self._waiting = next(self._packets, None)

    def close(self) -> None:
        """Close the input, and have `warnings` name what was found damaged on the way."""
        for name, count in self._refused.items():
            self.warnings.append(f"left out: damaged packets of {name}: {count}")
        self._refused.clear()
        self._packets.close()
        self._input.close()

    def _add(self, stream: Any) -> None:
        target = None
        if stream.type == "attachment":
            target = self._attachment(stream)
        elif stream.type in ("audio", "subtitle") and stream.codec_context is not None:
            target = self._twin(stream) or self._text_target(stream)
        if target is None:
            self.warnings.append(f"left out: {_describe(stream)}; {self._reason(stream)}")
            return
        _name_alike(stream, target)
        self._targets[stream.index] = target

    def _reason(self, stream: Any) -> str:
        if stream.type == "video":
            return "cover pictures are not copied" if is_cover(stream) else "one video is converted"
        name = self._output.format.name
        return f"{name} cannot hold it" + ("" if name == "matroska" else ", .mkv may")

    def _twin(self, stream: Any) -> Any | None:
        """The same kind of stream, if the container takes it."""
        format = self._output.format.name
        if stream.codec_context.name not in self._output.supported_codecs:
            return None
        try:
            # What a container supports in name it may yet refuse, as MOV does with Opus.
            with av.open(io.BytesIO(), "w", format=format) as trial:
                trial.add_stream_from_template(stream)
                trial.start_encoding()
        except (ValueError, av.FFmpegError):
            return None
        return self._output.add_stream_from_template(stream)

    def _text_target(self, stream: Any) -> Any | None:
        """A stream of text that the container knows, for text that it does not."""
        codec = stream.codec_context.codec.canonical_name
        if codec not in TEXT_SUBTITLES:
            return None
        own = OWN_SUBTITLES[self._output.format.name]
        stream.codec_context.open(strict=False)
        target: Any = self._output.add_stream(own)
        target.codec_context.subtitle_header = stream.codec_context.subtitle_header
        target.codec_context.time_base = Fraction(1, 1000)
        if codec in ("ass", "ssa"):
            self.warnings.append(f"{_describe(stream)} became {own}: its fonts and places are lost")
        return target

    def _attachment(self, stream: Any) -> Any | None:
        if self._output.format.name != "matroska":
            return None
        return self._output.add_stream_from_template(stream)

    def _read(self) -> Generator[Any, None, None]:
        """Yield the packets to copy, on the output's clock, until the file ends or breaks."""
        with suppress(av.FFmpegError):  # the source meets the same damage and reports it
            for packet in read_packets(self._input):
                target = self._targets.get(packet.stream.index)
                if target is None or packet.dts is None:
                    continue
                in_order = self._shift(packet)
                cut_off = packet.pts is not None and packet.pts < 0 and self._origin_s > 0
                if in_order and not cut_off:
                    with suppress(av.FFmpegError):  # a subtitle that cannot be read
                        yield from self._retarget(packet, target)

    def _shift(self, packet: Any) -> bool:
        """Move a packet to the output's clock; tell whether it then comes after the last one."""
        index, time_base = packet.stream.index, Fraction(packet.time_base)
        last, offset = self._last_dts.get(index), self._offsets.get(index)
        if offset is None:
            offset = -round(self._origin_s / time_base)
        step = packet.duration or 1
        offset += restart_offset(packet.dts + offset, last, step, time_base)
        packet.dts += offset
        if packet.pts is not None:
            packet.pts += offset
        self._offsets[index] = offset
        if last is not None and packet.dts < last:
            return False
        self._last_dts[index] = packet.dts
        return True

    def _retarget(self, packet: Any, target: Any) -> Iterator[Any]:
        if packet.stream.codec_context.codec.id == target.codec_context.codec.id:
            packet.stream = target
            yield packet
            return
        subtitles = packet.stream.codec_context.decode2(packet)
        if subtitles:
            text = target.codec_context.encode_subtitle(subtitles)
            text.pts = text.dts = packet.pts
            text.duration, text.time_base = packet.duration, packet.time_base
            text.stream = target
            yield text

    def _copy_tags(self) -> None:
        self._output.metadata.update(_kept(self._input.metadata))
        chapters: list[Any] = []
        for chapter in self._input.chapters():
            ticks = round(self._origin_s / Fraction(chapter["time_base"] or 1))
            start, end = chapter["start"] - ticks, chapter["end"] - ticks
            if end > 0:
                chapters.append({**chapter, "start": max(0, start), "end": end})
        if chapters:
            self._output.set_chapters(chapters)


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower() not in OURS}


def _name_alike(original: Any, stream: Any) -> None:
    stream.metadata.update(_kept(original.metadata))
    stream.disposition = original.disposition


def _is_written_anew(stream: Any) -> bool:
    """Whether a stream only holds, in MP4, the titles of chapters or the time code."""
    return stream.discard == Discard.all or (
        stream.type == "data" and "timecode" in stream.metadata
    )


def _describe(stream: Any) -> str:
    codec = f" ({stream.codec_context.codec.canonical_name})" if stream.codec_context else ""
    return f"{stream.type} stream {stream.index}{codec}"


def _start_s(packet: Any) -> float:
    return float(packet.dts * packet.time_base)

"""Everything of a file that is not its picture: sound, subtitles, chapters, metadata."""

from collections import Counter, deque
from collections.abc import Generator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av.stream import Discard

from vidstyle.media.copied_stream import CopiedStream, describe
from vidstyle.media.demux import (
    is_cover,
    known_later,
    open_container,
    read_packets,
    video_stream,
)
from vidstyle.media.info import VideoInfo
from vidstyle.media.mux_trial import REFUSALS, TrialMuxer, first_packets
from vidstyle.media.packet_clock import PacketClock

TEXT_SUBTITLES = {"subrip", "ass", "ssa", "webvtt", "text", "mov_text"}
# The one kind of text subtitles that each container is sure to hold.
OWN_SUBTITLES = {"mp4": "mov_text", "mov": "mov_text", "matroska": "srt", "webm": "webvtt"}
# What the new file says of itself; mkvmerge's statistics would no longer be true.
OURS = {
    "encoder", "major_brand", "minor_version", "compatible_brands", "duration", "bps",
    "number_of_frames", "number_of_bytes", "_statistics_writing_app",
    "_statistics_writing_date_utc", "_statistics_tags", "vendor_id",
}  # fmt: skip

LATE = "left out: a stream that begins late in the file and is not announced at its start"


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
        self._path, self._origin_s = info.path, info.origin_s
        self._output = output
        self._input = open_container(info.path)
        self.warnings: list[str] = []
        self._streams: dict[int, CopiedStream] = {}  # by index in the input
        self._attachments = 0
        original = video_stream(self._input, info.path)
        self._video_index = original.index
        self._video_clock = PacketClock(
            info.origin_s, Fraction(original.time_base or 1), dense=True
        )
        _name_alike(original, video)
        others = [
            s for s in self._input.streams if s.index != original.index and not _is_written_anew(s)
        ]
        first = first_packets(info.path, [s.index for s in others])
        for stream in others:
            self._add(stream, first[stream.index])
        self._packets = self._read()
        self._waiting: tuple[CopiedStream, Any] | None = None
        self._copy_tags()

    @property
    def copied(self) -> Counter[str]:
        """How many streams of each type have gone along: those that had something to copy."""
        copied = [s.target.type for s in self._streams.values() if s.written]
        return Counter([*copied, *("attachment" for _ in range(self._attachments))])

    def advance(self, until_s: float) -> None:
        """Copy all packets that start before `until_s`, on the output's clock."""
        self._output.start_encoding()  # fixes the units of times
        if self._waiting is None:
            self._waiting = next(self._packets, None)
        while self._waiting is not None and _start_s(self._waiting[1]) < until_s:
            stream, packet = self._waiting
            self._output.mux(packet)
            stream.written += 1
            self._waiting = next(self._packets, None)

    def close(self) -> None:
        """Close the input, and have `warnings` name what could not be copied."""
        self._packets.close()
        self._input.close()
        for stream in self._streams.values():
            self.warnings += stream.notes()
            stream.close()

    def _add(self, stream: Any, first: list[Any]) -> None:
        target, trial = None, None
        if stream.type == "attachment":
            target = self._attachment(stream)
        elif stream.type in ("audio", "subtitle") and stream.codec_context is not None:
            model = self._described(stream)
            trial = self._trial(model, first)
            target = self._twin(model) if trial is not None else self._text_target(stream)
        if target is None:
            self.warnings.append(f"left out: {describe(stream)}; {self._reason(stream)}")
            return
        _name_alike(stream, target)
        if stream.type == "attachment":
            self._attachments += 1
            return
        self._streams[stream.index] = CopiedStream(
            stream, target, self._output.format.name, self._origin_s, trial
        )

    def _reason(self, stream: Any) -> str:
        if stream.type == "video":
            return "cover pictures are not copied" if is_cover(stream) else "one video is converted"
        if _lacks_rate(stream):
            return "it begins too late in the file for its format to be known"
        name = self._output.format.name
        return f"{name} cannot hold it" + ("" if name == "matroska" else ", .mkv may")

    def _described(self, stream: Any) -> Any:
        """The stream, or what a later part of the file knows of it."""
        return (known_later(self._path, stream) if _lacks_rate(stream) else None) or stream

    def _trial(self, stream: Any, first: list[Any]) -> TrialMuxer | None:
        """A trial of the same kind of stream, if the container takes it and its first packets."""
        if stream.codec_context.name not in self._output.supported_codecs:
            return None
        try:
            # What a container supports in name it may yet refuse, as MOV does with Opus.
            trial = TrialMuxer(self._output, stream)
        except REFUSALS:
            return None
        return trial if not first or trial.takes_any(first) else None

    def _twin(self, stream: Any) -> Any:
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
            self.warnings.append(f"{describe(stream)} became {own}: its fonts and places are lost")
        return target

    def _attachment(self, stream: Any) -> Any | None:
        if self._output.format.name != "matroska":
            return None
        return self._output.add_stream_from_template(stream)

    def _read(self) -> Generator[tuple[CopiedStream, Any], None, None]:
        """Yield the packets to copy, on the output's clock, until the file ends or breaks."""
        with suppress(av.FFmpegError):  # the source meets the same damage and reports it
            for packet in read_packets(self._input, self._miss):
                if packet.stream.index == self._video_index:
                    deque(self._video_clock.settle(packet), maxlen=0)
                stream = self._streams.get(packet.stream.index)
                if stream is not None:
                    for prepared in stream.prepared(packet, self._video_clock.joined_s):
                        yield stream, prepared
        for stream in self._streams.values():
            for prepared in stream.rest():
                yield stream, prepared

    def _miss(self) -> None:
        if LATE not in self.warnings:
            self.warnings.append(LATE)

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


def _lacks_rate(stream: Any) -> bool:
    """Whether sound begins so late that its format was not known when the file was opened."""
    context = stream.codec_context
    return stream.type == "audio" and context is not None and not context.sample_rate


def _start_s(packet: Any) -> float:
    return float(packet.dts * packet.time_base)

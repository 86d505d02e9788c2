"""Everything of a file that is not its picture: sound, subtitles, chapters, metadata."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from vidstyle.media.source import VideoInfo, is_cover, open_container

TEXT_SUBTITLES = {"subrip", "ass", "ssa", "webvtt", "text", "mov_text"}
OURS = {"encoder", "major_brand", "minor_version", "compatible_brands", "duration"}


class StreamCopier:
    """Copies packets from the input, opened a second time, into an output being written.

    Reading the file twice keeps the pipeline free of packets and its memory flat.
    `warnings` names what could not go along.
    """

    def __init__(self, info: VideoInfo, output: av.container.OutputContainer) -> None:
        self._origin_s = info.origin_s
        self._output = output
        self._input = open_container(info.path)
        self.warnings: list[str] = []
        self._targets: dict[int, Any] = {}
        for stream in self._input.streams:
            self._add(stream)
        self._packets = self._read()
        self._waiting = next(self._packets, None)
        self._copy_tags()

    @property
    def copied(self) -> int:
        """Number of streams that go along."""
        return len(self._targets)

    def advance(self, until_s: float) -> None:
        """Copy all packets that start before `until_s`, on the output's clock."""
        while self._waiting is not None and _start_s(self._waiting) < until_s:
            self._output.mux(self._waiting)
            self._waiting = next(self._packets, None)

    def close(self) -> None:
        self._packets.close()
        self._input.close()

    def _add(self, stream: Any) -> None:
        if stream.type == "video" and stream.index == self._main_video():
            return
        name = f"{stream.type} stream {stream.index}"
        if stream.type in ("audio", "subtitle"):
            codec = stream.codec_context.name if stream.codec_context else "unknown"
            name = f"{stream.type} stream {stream.index} ({codec})"
            target = self._target(stream)
            if target is not None:
                target.metadata.update(_kept(stream.metadata))
                target.disposition = stream.disposition
                self._targets[stream.index] = target
                return
        self.warnings.append(f"not copied: {name}; {self._output.format.name} cannot hold it")

    def _main_video(self) -> int:
        best = self._input.streams.best("video")
        return -1 if best is None or is_cover(best) else best.index

    def _target(self, stream: Any) -> Any | None:
        mp4_text = {"mp4", "mov"} & {self._output.format.name}
        if stream.type == "subtitle" and mp4_text and stream.codec_context.name != "mov_text":
            return self._text_target(stream)
        if stream.codec_context.name not in self._output.supported_codecs:
            return None
        try:
            return self._output.add_stream_from_template(stream)
        except (ValueError, av.FFmpegError):
            return None

    def _text_target(self, stream: Any) -> Any | None:
        """MP4 has subtitles only as mov_text: other text is rewritten, pictures cannot be."""
        if stream.codec_context.name not in TEXT_SUBTITLES:
            return None
        stream.codec_context.open(strict=False)
        target = self._output.add_stream("mov_text")
        target.codec_context.subtitle_header = stream.codec_context.subtitle_header
        target.codec_context.time_base = Fraction(1, 1000)
        return target

    def _read(self) -> Iterator[Any]:
        """Yield the packets to copy, on the output's clock, until the file ends or breaks."""
        try:
            for packet in self._input.demux():
                target = self._targets.get(packet.stream.index)
                if target is None or packet.dts is None:
                    continue
                self._shift(packet)
                if packet.pts is not None and packet.pts < 0 and self._origin_s > 0:
                    continue
                yield from self._retarget(packet, target)
        except av.FFmpegError:
            return  # the source meets the same damage and reports it

    def _shift(self, packet: Any) -> None:
        ticks = round(self._origin_s / packet.time_base)
        packet.dts -= ticks
        if packet.pts is not None:
            packet.pts -= ticks

    def _retarget(self, packet: Any, target: Any) -> Iterator[Any]:
        if target.codec_context is None or packet.stream.codec_context.name == target.codec_context.name:
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
        chapters = []
        for chapter in self._input.chapters():
            ticks = round(self._origin_s / chapter["time_base"])
            start, end = chapter["start"] - ticks, chapter["end"] - ticks
            if end > 0:
                chapters.append({**chapter, "start": max(0, start), "end": end})
        if chapters:
            self._output.set_chapters(chapters)


def _kept(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower() not in OURS}


def _start_s(packet: Any) -> float:
    return float(packet.dts * packet.time_base)

"""Stream copy: audio, subtitles, attachments, chapters and metadata from input to output."""

import math
from collections import Counter, deque
from collections.abc import Generator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av.stream import Discard

from vidstyle.media.adts import audio_specific_config
from vidstyle.media.codecs import audio_codec
from vidstyle.media.copied_stream import CopiedStream, describe
from vidstyle.media.demux import (
    is_cover_art,
    open_container,
    probe_late_audio,
    read_packets,
    video_stream,
)
from vidstyle.media.info import VideoInfo
from vidstyle.media.mux_trial import MUX_ERRORS, TrialMuxer, first_packets
from vidstyle.media.packet_clock import PacketClock
from vidstyle.media.track_converter import (
    AudioConverter,
    SubtitleConverter,
    TrackConverter,
    audio_target,
    decodes_any,
)

TEXT_SUBTITLES = {"subrip", "ass", "ssa", "webvtt", "text", "mov_text"}
# FFmpeg's encoder of the text subtitles that each container supports.
TEXT_ENCODERS = {"mp4": "mov_text", "mov": "mov_text", "matroska": "srt", "webm": "webvtt"}
MPEGTS_CODECS = {"aac", "ac3", "dts", "dvb_subtitle", "eac3", "mp2", "mp3", "opus", "truehd"}
# Metadata that the muxer writes itself, and statistics of mkvmerge that are no longer true.
NOT_COPIED = {
    "alpha_mode", "encoder", "major_brand", "minor_version", "compatible_brands", "duration", "bps",
    "number_of_frames", "number_of_bytes", "_statistics_writing_app",
    "_statistics_writing_date_utc", "_statistics_tags", "vendor_id",
}  # fmt: skip

LATE_STREAM = "left out: a stream that begins late in the file and is not announced at its start"


class StreamCopier:
    """`SideStreams` that copies all streams but the video from the input, opened a second time.

    Audio and text subtitles that the container refuses are encoded anew.

    Reading the file twice keeps packets out of the pipeline and its memory constant. `warnings`
    are messages on streams and packets that were left out or changed. Belongs to one thread at a
    time.
    """

    def __init__(
        self,
        info: VideoInfo,
        output: av.container.OutputContainer,
        video: av.VideoStream,
        *,
        audio: str = "copy",
        rewinds: bool = True,
    ) -> None:
        """Add streams, attachments, chapters and metadata to the output.

        Args:
            info: properties of the input.
            output: container before its header is written.
            video: its stylized video stream, which gets metadata and disposition of the original.
            audio: "copy", "aac" or "opus" to encode all audio anew, "none" to leave it out.
            rewinds: False for a pipe, where the header cannot be completed later.

        Raises:
            SourceError: the input cannot be opened again.
        """
        assert info.path is not None
        self._path, self._origin_s, self._end_s = info.path, info.origin_s, info.end_s
        self._output, self._audio, self._rewinds = output, audio, rewinds
        self._input = open_container(info.path)
        self.warnings: list[str] = []
        self._streams: dict[int, CopiedStream] = {}  # by index in the input
        self._attachments = 0
        original = video_stream(self._input, info.path)
        self._video_index = original.index
        self._video_clock = PacketClock(
            info.origin_s, Fraction(original.time_base or 1), dense=True
        )
        _copy_stream_tags(original, video)
        others = [
            s
            for s in self._input.streams
            if s.index != original.index and not _is_regenerated(s) and not self._is_unwanted(s)
        ]
        first = first_packets(info.path, [s.index for s in others])
        for stream in others:
            self._add(stream, first[stream.index])
        self._packets = self._read()
        self._next: tuple[CopiedStream, Any] | None = None
        self._copy_tags()

    @property
    def copied(self) -> Counter[str]:
        """Number of streams with at least one packet and of attachments, by type."""
        copied = [s.target.type for s in self._streams.values() if s.written]
        return Counter([*copied, *("attachment" for _ in range(self._attachments))])

    def advance(self, until_s: float) -> None:
        """Mux all packets with a dts before `until_s`, in seconds on the output's clock."""
        self._output.start_encoding()  # writes the header, which fixes the time bases
        if self._next is None:
            self._next = next(self._packets, None)
        while self._next is not None and _start_s(self._next[1]) < until_s:
            stream, packet = self._next
            self._output.mux(packet)
            stream.written += 1
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the input and the trial muxers; complete `warnings`."""
        self._packets.close()
        self._input.close()
        for stream in self._streams.values():
            self.warnings += stream.notes()
            stream.close()

    def _is_unwanted(self, stream: Any) -> bool:
        return self._audio == "none" and stream.type == "audio"

    def _add(self, stream: Any, first: list[Any]) -> None:
        """Add the output stream of an input stream with these first packets, or a warning."""
        target, trial, converter = None, None, None
        if stream.type == "attachment":
            target = self._attachment(stream)
        elif stream.type in ("audio", "subtitle") and stream.codec_context is not None:
            template = self._template(stream)
            trial = self._trial(template, first)
            if trial is not None:
                target = self._copy_target(template)
                if first and not self._rewinds:
                    _complete_aac(template, target, bytes(first[0]))
            elif stream.type == "subtitle":
                target, converter = self._converted_text(stream)
            else:
                target, converter = self._converted_audio(stream, template, first)
        if target is None:
            self.warnings.append(f"left out: {describe(stream)}; {self._reason(stream)}")
            return
        _copy_stream_tags(stream, target)
        if stream.type == "attachment":
            self._attachments += 1
            return
        self._streams[stream.index] = CopiedStream(
            stream, target, self._output.format.name, self._origin_s, self._end_s, trial, converter
        )

    def _reason(self, stream: Any) -> str:
        if stream.type == "video":
            return (
                "cover pictures are not copied"
                if is_cover_art(stream)
                else "one video is converted"
            )
        if _lacks_rate(stream):
            return "it begins too late in the file for its format to be known"
        name = self._output.format.name
        return f"{name} cannot hold it" + ("" if name == "matroska" else ", .mkv may")

    def _template(self, stream: Any) -> Any:
        """The stream, or the same one with codec parameters from a later part of the file."""
        return (probe_late_audio(self._path, stream) if _lacks_rate(stream) else None) or stream

    def _trial(self, stream: Any, first: list[Any]) -> TrialMuxer | None:
        """Trial muxer of a stream; None if the container refuses it or all of its first packets."""
        if stream.type == "audio" and self._audio != "copy":
            return None
        codec = stream.codec_context.codec.canonical_name
        if self._output.format.name == "mpegts" and codec not in MPEGTS_CODECS:
            return None  # its muxer takes everything, as private data
        try:
            trial = TrialMuxer(self._output, stream)
        except MUX_ERRORS:
            return None
        return trial if not first or trial.accepts_any(first) else None

    def _copy_target(self, stream: Any) -> Any:
        return self._output.add_stream_from_template(stream)

    def _converted_audio(
        self, stream: Any, template: Any, first: list[Any]
    ) -> tuple[Any | None, TrackConverter | None]:
        """Output stream and converter of audio; None for audio that cannot be decoded."""
        decoder, container = template.codec_context, self._output.format.name
        if not decoder.sample_rate or (first and not decodes_any(decoder, first)):
            return None, None
        codec = audio_codec(container) if self._audio == "copy" else self._audio
        target = audio_target(self._output, codec, decoder)
        if target is None:
            return None, None
        if self._audio == "copy":
            self.warnings.append(f"{describe(stream)} became {codec}: {container} cannot hold it")
        return target, AudioConverter(decoder, target, Fraction(stream.time_base))

    def _converted_text(self, stream: Any) -> tuple[Any | None, TrackConverter | None]:
        """Output stream and converter of subtitles; None for subtitles that are no text."""
        codec = stream.codec_context.codec.canonical_name
        encoder = TEXT_ENCODERS.get(self._output.format.name)
        if codec not in TEXT_SUBTITLES or encoder is None:
            return None, None
        stream.codec_context.open(strict=False)
        target: Any = self._output.add_stream(encoder)
        target.codec_context.subtitle_header = stream.codec_context.subtitle_header
        target.codec_context.time_base = Fraction(1, 1000)
        if codec in ("ass", "ssa"):
            self.warnings.append(
                f"{describe(stream)} became {encoder}: its fonts and places are lost"
            )
        return target, SubtitleConverter(target)

    def _attachment(self, stream: Any) -> Any | None:
        if self._output.format.name != "matroska":
            return None
        return self._output.add_stream_from_template(stream)

    def _read(self) -> Generator[tuple[CopiedStream, Any], None, None]:
        """Yield the packets to mux, on the output's clock, until the file ends or breaks off."""
        with suppress(av.FFmpegError):  # `FileSource` meets the same damage and reports it
            for packet in read_packets(self._input, self._warn_late_stream):
                if packet.stream.index == self._video_index:
                    deque(self._video_clock.push(packet), maxlen=0)
                stream = self._streams.get(packet.stream.index)
                if stream is not None:
                    for muxable in stream.prepare(packet, self._video_clock.joined_s):
                        yield stream, muxable
        for stream in self._streams.values():
            for muxable in stream.flush():
                yield stream, muxable

    def _warn_late_stream(self) -> None:
        if LATE_STREAM not in self.warnings:
            self.warnings.append(LATE_STREAM)

    def _copy_tags(self) -> None:
        self._output.metadata.update(_kept_tags(self._input.metadata))
        chapters: list[Any] = []
        for chapter in self._input.chapters():
            unit = Fraction(chapter["time_base"] or 1)
            shift = round(self._origin_s / unit)
            last = math.inf if self._end_s is None else math.ceil(self._end_s / unit)
            start, end = max(0, chapter["start"] - shift), min(last, chapter["end"] - shift)
            if start < end:
                chapters.append({**chapter, "start": start, "end": end})
        if chapters:
            self._output.set_chapters(chapters)


def _kept_tags(metadata: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in metadata.items() if key.lower() not in NOT_COPIED}


def _copy_stream_tags(original: Any, stream: Any) -> None:
    stream.metadata.update(_kept_tags(original.metadata))
    stream.disposition = original.disposition


def _is_regenerated(stream: Any) -> bool:
    """Whether the muxer writes a stream itself: in MP4, chapter titles or a time code."""
    return stream.discard == Discard.all or (
        stream.type == "data" and "timecode" in stream.metadata
    )


def _complete_aac(stream: Any, target: Any, packet: bytes) -> None:
    """Set the parameters of AAC from transport streams, which Matroska wants in its header."""
    if stream.codec_context.name == "aac" and not stream.codec_context.extradata:
        config = audio_specific_config(packet)
        if config is not None and target.container.format.name == "matroska":
            target.codec_context.extradata = config


def _lacks_rate(stream: Any) -> bool:
    """Whether an audio stream begins so late that its sample rate was unknown at opening."""
    context = stream.codec_context
    return stream.type == "audio" and context is not None and not context.sample_rate


def _start_s(packet: Any) -> float:
    return float(packet.dts * packet.time_base)

"""Track converters: audio and text subtitles encoded anew where a container refuses them."""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any, Protocol

import av

from vidstyle.media.codecs import AUDIO_ENCODERS, opens_audio

KBITS_PER_CHANNEL = {"aac": 96, "opus": 64}  # transparent for nearly everybody
OPUS_RATE = 48_000  # Hz
# Layouts to try by number of channels, where an encoder refuses that of the input.
USUAL_LAYOUTS = {1: "mono", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
BLOCK = 1024  # samples of a resampled frame; encoders cut them to their own size
# Of swresample: gaps are filled with silence, overlaps and what lies before the start are dropped.
KEEP_TIMES = {"async": "1", "min_hard_comp": "0.04"}  # s; shorter errors are those of clocks


class TrackConverter(Protocol):
    """Decoder and encoder of one stream; belongs to one thread."""

    def convert(self, packet: Any) -> Iterator[Any]:
        """Yield the encoded packets that are ready after a packet.

        Called by `CopiedStream` for each packet, in order, on its thread.

        Raises:
            av.FFmpegError: the packet is damaged.
        """

    def flush(self) -> Iterator[Any]:
        """Yield the encoded packets that are left; called once, after the last packet."""


class SubtitleConverter:
    """Converter of text subtitles, cue by cue."""

    def __init__(self, target: Any) -> None:
        """Take an output stream with a subtitle encoder."""
        self._encoder = target.codec_context

    def convert(self, packet: Any) -> Iterator[Any]:
        subtitles = packet.stream.codec_context.decode2(packet)
        if subtitles:
            text = self._encoder.encode_subtitle(subtitles)
            text.pts, text.dts = packet.pts, packet.dts
            text.duration, text.time_base = packet.duration, packet.time_base
            yield text

    def flush(self) -> Iterator[Any]:
        yield from ()


class AudioConverter:
    """Converter of audio to another codec, in time with the input's packets.

    Gaps of the input become silence; sound before time 0 is left out.
    """

    def __init__(self, decoder: Any, target: Any, time_base: Fraction) -> None:
        """Connect decoder and encoder.

        Args:
            decoder: codec context of the input stream.
            target: output stream, from `audio_target`.
            time_base: of the input's packets, in seconds per unit.
        """
        self._decoder, self._encoder, self._time_base = decoder, target.codec_context, time_base
        self._resampler: av.AudioResampler | None = None
        self._form: object = None  # sample format, layout and rate that the resampler takes
        self._decoded_s = Fraction(0)  # end of the last decoded frame
        self._next: int | None = None  # sample that the encoder expects next

    def convert(self, packet: Any) -> Iterator[Any]:
        for frame in self._decoder.decode(packet):
            yield from self._encoded(frame)

    def flush(self) -> Iterator[Any]:
        for frame in self._decoder.decode(None):
            yield from self._encoded(frame)
        yield from self._drained()
        yield from self._encoder.encode(None)

    def _encoded(self, frame: Any) -> Iterator[Any]:
        self._complete_times(frame)
        form = frame.format.name, frame.layout.name, frame.sample_rate
        if form != self._form:
            yield from self._drained()
            self._form, self._resampler = form, self._resampler_from(frame)
        assert self._resampler is not None
        for part in self._resampler.resample(frame):
            yield from self._encoded_part(part)

    def _complete_times(self, frame: Any) -> None:
        """Give a frame without a pts, of several in a packet, that of the end of the last one."""
        frame.time_base = frame.time_base or self._time_base
        if frame.pts is None:
            frame.pts = round(self._decoded_s / frame.time_base)
        duration_s = Fraction(frame.samples, frame.sample_rate)
        self._decoded_s = frame.pts * frame.time_base + duration_s

    def _drained(self) -> Iterator[Any]:
        """Yield what the resampler still holds, encoded."""
        if self._resampler is not None:
            for part in self._resampler.resample(None):
                yield from self._encoded_part(part)

    def _encoded_part(self, part: Any) -> Iterator[Any]:
        self._next = part.pts + part.samples
        yield from self._encoder.encode(part)

    def _resampler_from(self, first: Any) -> av.AudioResampler:
        """Resampler that continues where the encoder is, and at first begins with a frame."""
        rate = self._encoder.sample_rate
        if self._next is None:
            self._next = max(0, round(first.pts * first.time_base * rate))
        return av.AudioResampler(
            format=self._encoder.format,
            layout=self._encoder.layout,
            rate=rate,
            frame_size=BLOCK,
            options=KEEP_TIMES | {"first_pts": str(self._next)},
        )


def audio_target(output: av.container.OutputContainer, codec: str, like: Any) -> Any | None:
    """Add an audio stream to be encoded to an output.

    Args:
        output: container before its header is written.
        codec: key of `AUDIO_ENCODERS`.
        like: codec context of the input stream, whose rate and layout are kept where possible.

    Returns:
        The stream; None if the container does not support the codec.
    """
    name = AUDIO_ENCODERS[codec]
    rates = av.Codec(name, "w").audio_rates
    rate = like.sample_rate if codec == "aac" and like.sample_rate in (rates or ()) else OPUS_RATE
    wanted = (like.layout.name, USUAL_LAYOUTS.get(like.layout.nb_channels, "stereo"), "stereo")
    for layout in wanted:
        if opens_audio(name, rate, layout):
            break
    try:
        stream: Any = output.add_stream(name, rate=rate, layout=layout)
    except ValueError:
        return None
    stream.bit_rate = 1000 * KBITS_PER_CHANNEL[codec] * av.AudioLayout(layout).nb_channels
    return stream


def decodes_any(decoder: Any, packets: list[Any]) -> bool:
    """Whether a decoder gives audio for any of the first packets of its stream; it is reset."""
    decoded = 0
    for packet in packets:
        with suppress(av.FFmpegError):
            decoded += len(decoder.decode(packet))
    decoder.flush_buffers()
    return decoded > 0

"""Copied stream: packets of one stream, retimed, reordered and checked for the output container."""

import math
from collections import Counter, deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from vidstyle.media.codecs import MP4_LIKE
from vidstyle.media.mux_trial import MUX_ERRORS, TrialMuxer
from vidstyle.media.packet_clock import PacketClock
from vidstyle.media.track_converter import TrackConverter

PRIMING = 3  # packets that encoders put before the first sample: 2112 samples of AAC, for one
PREROLL_S = 1.0  # of audio before the start that is decoded, where it is encoded anew
MAX_DURATION = (1 << 31) - 1  # of a packet in MP4, in units of the track's time base

# Reasons for leaving packets out, for `notes`.
DAMAGED = "damaged packets of {}"
REFUSED = "packets of {} that the container refuses"
BACKWARD = "packets of {} whose time goes back"
ASTRAY = "packets of {} whose time is far from all others"
UNTIMED = "packets of {} without a time"


class CopiedStream:
    """Stream copy of one audio or subtitle stream, with dts and pts that the container accepts.

    Packets are converted where the target has another codec. Those that cannot be muxed are left
    out and counted instead of ending the run. Belongs to the thread of `StreamCopier`.
    """

    def __init__(
        self,
        stream: Any,
        target: Any,
        container: str,
        origin_s: Fraction,
        end_s: float | None,
        trial: TrialMuxer | None,
        converter: TrackConverter | None = None,
    ) -> None:
        """Connect an input stream with its output stream.

        Args:
            stream: input stream.
            target: output stream.
            container: FFmpeg's name of the output format.
            origin_s: input time that is zero in the output, in seconds.
            end_s: requested end of the output, in seconds; None for that of the input.
            trial: muxer that checks packets first, closed by `close`; None for converted streams.
            converter: converts packets to the codec of `target`; None for copied streams.
        """
        self.target, self.name = target, describe(stream)
        self.written = 0  # packets; counted by `StreamCopier`
        self._trial, self._converter, self._end_s = trial, converter, end_s
        self._is_cut, self._is_audio = origin_s > 0, stream.type == "audio"
        # By an edit list, again; or by not encoding it.
        self._hides_start = container in MP4_LIKE or converter is not None
        self._hidden: deque[Any] | None = deque(maxlen=PRIMING + 1)  # None once one is visible
        self._on_screen: Any = None  # last subtitle without a duration from before the start
        # Muxers require non-decreasing dts; MP4 and MOV strictly increasing ones for audio.
        self._min_step = int(self._is_audio and container in MP4_LIKE)
        self._clock = PacketClock(
            origin_s,
            Fraction(stream.time_base),
            dense=self._is_audio,
            default_s=_frame_s(target if converter is None else stream),
        )
        self._last_dts: int | None = (
            None  # of the last packet written, in the time base of the output
        )
        self._left_out: Counter[str] = Counter()
        self._delayed = 0  # packets with a raised dts

    def prepare(self, packet: Any, joined_s: Fraction) -> Iterator[Any]:
        """Yield the packets, up to two, that are ready to be muxed after a packet was read.

        Args:
            packet: next packet of the input stream; changed in place.
            joined_s: sum of the clock restarts of the video so far, in seconds.
        """
        self._clock.follow(joined_s)
        for visible in self._visible(packet):
            for retimed in self._clock.push(visible):
                yield from self._muxable(retimed)

    def flush(self) -> Iterator[Any]:
        """Yield the packets that are still held, after the last one was read."""
        for retimed in self._clock.flush():
            yield from self._muxable(retimed)
        yield from self._shown_at_start()
        if self._converter is not None:
            yield from self._ordered(self._converter.flush())

    def notes(self) -> list[str]:
        """Messages for the user on packets that were left out or changed."""
        left_out = self._left_out + Counter(
            {ASTRAY: self._clock.outliers, UNTIMED: self._clock.untimed}
        )
        notes = [f"left out: {why.format(self.name)}: {n}" for why, n in left_out.items()]
        if self._delayed:
            notes.append(
                f"packets of {self.name} that were moved behind the one before: {self._delayed}"
            )
        if not self.written:
            notes.append(f"no packet of {self.name} lies in the converted part")
        return notes

    def close(self) -> None:
        """Close the trial muxer."""
        if self._trial is not None:
            self._trial.close()

    def _visible(self, packet: Any) -> Iterator[Any]:
        """Yield the packet, unless an edit list of the input hides it.

        Hidden packets before the first visible one prime the decoder. They are kept where the
        output hides them too, and where they are no more than encoders need: what was cut away
        from a trimmed clip stays away.
        """
        if packet.is_discard:
            if self._hidden is not None:
                self._hidden.append(packet)
            return
        primers, self._hidden = self._hidden, None
        if primers and (self._hides_start or len(primers) <= PRIMING):
            yield from list(primers)[-PRIMING:]
        yield packet

    def _muxable(self, packet: Any) -> Iterator[Any]:
        """Yield the packets, up to two, of the range once this one is known."""
        if packet.pts < 0 and not self._is_audio:
            yield from self._before_start(packet)
            return
        if packet.pts < 0 and self._is_cut and not self._is_preroll(packet):
            return
        yield from self._shown_at_start()
        if not self._is_audio and self._end_s is not None:
            rest = math.ceil(self._end_s / packet.time_base) - packet.pts
            packet.duration = max(0, min(packet.duration or 0, rest))
        yield from self._accepted(packet)

    def _before_start(self, packet: Any) -> Iterator[Any]:
        """Yield a subtitle that is still on screen at the start, shortened, or keep it.

        One without a duration is on screen until the next one; it is kept until then.
        """
        rest = (packet.duration or 0) + packet.pts
        if rest > 0:
            packet.duration = rest
            yield from self._muxable(_at_zero(packet))
        elif not packet.duration:
            self._on_screen = packet

    def _shown_at_start(self) -> Iterator[Any]:
        """Yield the subtitle without a duration that is on screen at the start, if there is one."""
        packet, self._on_screen = self._on_screen, None
        if packet is not None:
            yield from self._accepted(_at_zero(packet))

    def _is_preroll(self, packet: Any) -> bool:
        """Whether a packet from before the start is decoded, for those that depend on it."""
        return self._converter is not None and packet.pts * packet.time_base > -PREROLL_S

    def _accepted(self, packet: Any) -> Iterator[Any]:
        """Yield the packet converted, ordered and tried."""
        converted = iter((packet,)) if self._converter is None else self._converter.convert(packet)
        yield from self._ordered(converted)

    def _ordered(self, packets: Iterator[Any]) -> Iterator[Any]:
        """Yield packets for the output, ordered and tried, up to the first error; count it."""
        try:
            for packet in packets:
                if self._put_in_order(packet):
                    if self._trial is not None:
                        self._trial.write(packet)
                    self._last_dts = packet.dts
                    packet.stream = self.target
                    yield packet
        except av.InvalidDataError:
            self._left_out[DAMAGED] += 1
        except MUX_ERRORS:
            self._left_out[DAMAGED if self._converter else REFUSED] += 1

    def _put_in_order(self, packet: Any) -> bool:
        """Rescale a packet to the output's time base; raise its dts to the least one allowed.

        Returns:
            Whether to keep it; audio that goes back in time is counted and left out.
        """
        _rescale(packet, self.target.time_base)
        least = packet.dts if self._last_dts is None else self._last_dts + self._min_step
        if packet.dts < least:
            if self._is_audio and packet.dts < least - self._min_step:
                self._left_out[BACKWARD] += 1
                return False
            packet.dts = least
            self._delayed += 1
        packet.pts = max(packet.pts, packet.dts)
        return True


def _at_zero(packet: Any) -> Any:
    packet.pts = packet.dts = 0
    return packet


def _frame_s(target: Any) -> Fraction:
    """Duration of an audio packet in seconds; 0 for subtitles and variable frame sizes."""
    context = target.codec_context
    if target.type != "audio" or context is None or not context.sample_rate:
        return Fraction(0)
    return Fraction(context.frame_size or 0, context.sample_rate)


def _rescale(packet: Any, time_base: Fraction) -> None:
    """Convert pts, dts and duration to another time base, in place."""
    units = packet.time_base / time_base
    packet.pts, packet.dts = round(packet.pts * units), round(packet.dts * units)
    duration = round((packet.duration or 0) * units)
    packet.duration = duration if 0 <= duration <= MAX_DURATION else 0
    packet.time_base = time_base


def describe(stream: Any) -> str:
    """Name of a stream for messages: type, index and codec."""
    codec = f" ({stream.codec_context.codec.canonical_name})" if stream.codec_context else ""
    return f"{stream.type} stream {stream.index}{codec}"

"""Copied stream: one stream's packets made fit for the output's container, losses counted."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from vidstyle.media.codecs import MP4_LIKE
from vidstyle.media.mux_trial import REFUSALS, TrialMuxer
from vidstyle.media.packet_clock import PacketClock

LONGEST = (1 << 31) - 1  # a packet's duration in MP4, in units of the track's clock

# Why packets are left out.
DAMAGED = "damaged packets of {}"
REFUSED = "packets of {} that the container refuses"
BACKWARD = "packets of {} whose time goes back"
ASTRAY = "packets of {} whose time is far from all others"
UNTIMED = "packets of {} without a time"


class CopiedStream:
    """Yields a stream's packets as the container wants them: in order, each with its times.

    Whatever cannot be copied is left out and counted, so that it costs a packet and not the film.
    """

    def __init__(
        self, stream: Any, target: Any, container: str, origin_s: Fraction, trial: TrialMuxer | None
    ) -> None:
        """Take a stream and its place in the output.

        Args:
            stream: of the input.
            target: of the output; of another codec where text subtitles are converted.
            container: FFmpeg's name of the output's format.
            origin_s: the time in the input that is zero in the output.
            trial: where packets are tried first; None where they are encoded anew.
        """
        self.target, self.name = target, describe(stream)
        self.written = 0  # packets; counted by the writer
        self._trial, self._origin_s = trial, origin_s
        self._is_sound = stream.type == "audio"
        # What FFmpeg demands of each container: MP4 wants the times of sound to increase.
        self._least_step = int(self._is_sound and container in MP4_LIKE)
        self._clock = PacketClock(
            origin_s, Fraction(stream.time_base), dense=self._is_sound, usual_s=_frame_s(target)
        )
        self._last_dts: int | None = None  # in the units of the output, as it was written
        self._left_out: Counter[str] = Counter()
        self._delayed = 0  # packets

    def prepared(self, packet: Any, joined_s: Fraction) -> Iterator[Any]:
        """Yield what may be written now that this packet has been read.

        Args:
            packet: the next one of the stream.
            joined_s: how far restarts have moved the video's clock.
        """
        self._clock.follow(joined_s)
        for settled in self._clock.settle(packet):
            yield from self._fit(settled)

    def rest(self) -> Iterator[Any]:
        """Yield what may be written when the last packet has been read."""
        for settled in self._clock.flush():
            yield from self._fit(settled)

    def notes(self) -> list[str]:
        """What was left out or changed, for the user."""
        left_out = self._left_out + Counter(
            {ASTRAY: self._clock.astray, UNTIMED: self._clock.untimed}
        )
        notes = [f"left out: {why.format(self.name)}: {n}" for why, n in left_out.items()]
        if self._delayed:
            notes.append(
                f"packets of {self.name} that were moved behind the one before: {self._delayed}"
            )
        if not self.written:
            notes.append(f"nothing of {self.name} lies in what was converted")
        return notes

    def close(self) -> None:
        """Forget the trial."""
        if self._trial is not None:
            self._trial.close()

    def _fit(self, packet: Any) -> Iterator[Any]:
        if packet.pts < 0 and self._origin_s > 0:  # before the cut
            return
        try:
            for converted in self._converted(packet):
                if self._put_in_order(converted):
                    if self._trial is not None:
                        self._trial.write(converted)
                    self._last_dts = converted.dts
                    converted.stream = self.target
                    yield converted
        except av.InvalidDataError:
            self._left_out[DAMAGED] += 1
        except REFUSALS:
            self._left_out[REFUSED] += 1

    def _converted(self, packet: Any) -> Iterator[Any]:
        if self._trial is not None:
            yield packet
            return
        subtitles = packet.stream.codec_context.decode2(packet)
        if subtitles:
            text = self.target.codec_context.encode_subtitle(subtitles)
            text.pts, text.dts = packet.pts, packet.dts
            text.duration, text.time_base = packet.duration, packet.time_base
            yield text

    def _put_in_order(self, packet: Any) -> bool:
        """Give a packet the units of the output and a place behind the last one, if it may."""
        _rescale(packet, self.target.time_base)
        least = packet.dts if self._last_dts is None else self._last_dts + self._least_step
        if packet.dts < least:
            if self._is_sound and packet.dts < least - self._least_step:
                self._left_out[BACKWARD] += 1
                return False
            packet.dts = least
            self._delayed += 1
        packet.pts = max(packet.pts, packet.dts)
        return True


def _frame_s(target: Any) -> Fraction:
    """How long a packet of sound lasts; 0 where the codec leaves it open."""
    context = target.codec_context
    if target.type != "audio" or context is None or not context.sample_rate:
        return Fraction(0)
    return Fraction(context.frame_size or 0, context.sample_rate)


def _rescale(packet: Any, time_base: Fraction) -> None:
    units = packet.time_base / time_base
    packet.pts, packet.dts = round(packet.pts * units), round(packet.dts * units)
    duration = round((packet.duration or 0) * units)
    packet.duration = duration if 0 <= duration <= LONGEST else 0
    packet.time_base = time_base


def describe(stream: Any) -> str:
    """A stream by type, number and codec."""
    codec = f" ({stream.codec_context.codec.canonical_name})" if stream.codec_context else ""
    return f"{stream.type} stream {stream.index}{codec}"

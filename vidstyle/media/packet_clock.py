"""Packet clock: dts and pts of one stream, shifted to the output's clock and without restarts."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from vidstyle.media.timestamps import MIN_RESTART_S, restart_offset

MAX_GAP_S = 10.0  # to the next audio packet, and from a packet's dts to its pts
MAX_TIMESTAMP = 1 << 60  # larger ones are invalid, and would overflow FFmpeg's sums


class PacketClock:
    """Shifts the timestamps of one stream so that the output's clock starts at 0 and never jumps.

    A packet far from the one before is held until the next one shows whether the clock was
    restarted or this packet is an outlier. Packets are changed in place and keep their time base.
    Belongs to one thread.
    """

    def __init__(
        self,
        origin_s: Fraction,
        time_base: Fraction,
        dense: bool,
        default_s: Fraction = Fraction(0),
    ) -> None:
        """Start before the first packet.

        Args:
            origin_s: file time that becomes zero, in seconds.
            time_base: of the stream, in seconds per unit.
            dense: packets follow each other without gaps, as in audio and video; False for
                subtitles.
            default_s: duration in seconds of packets without one; 0 where unknown.
        """
        self._time_base, self._dense = time_base, dense
        self._default_duration = round(default_s / time_base)
        self._offset = -round(origin_s / time_base)
        self._joined_s = Fraction(0)
        self._last: int | None = None  # largest dts so far, on the output's clock
        self._next: int | None = None  # expected dts of the next packet, on the output's clock
        self._held: Any = None
        self.untimed = self.outliers = 0  # packets left out: without or with impossible timestamps

    @property
    def joined_s(self) -> Fraction:
        """Sum of the clock restarts in seconds, including one that is not confirmed yet."""
        restart = 0 if self._held is None else self._restart(self._held)
        return self._joined_s + restart * self._time_base

    def follow(self, joined_s: Fraction) -> None:
        """Shift subtitles, and audio before its first packet, by the clock restarts of the video.

        Args:
            joined_s: sum of the clock restarts of the video so far, in seconds.
        """
        if self._last is None or not self._dense:
            self._offset += round((joined_s - self._joined_s) / self._time_base)
            self._joined_s = joined_s

    def push(self, packet: Any) -> Iterator[Any]:
        """Yield the packets, up to two, with timestamps that are certain once this one is known."""
        if not self._complete(packet):
            self.untimed += 1
            return
        held, self._held = self._held, None
        if held is not None:
            yield from self._released(held, packet)
        if self._is_discontinuous(packet):
            self._held = packet
        else:
            yield self._shifted(packet)

    def flush(self) -> Iterator[Any]:
        """Yield the packet that is still held at the end, unless it is an outlier."""
        held, self._held = self._held, None
        if held is not None and (self._last is None or not self._dense):
            yield self._shifted(held, restarts=False)
        elif held is not None:
            self.outliers += 1

    def _released(self, held: Any, packet: Any) -> Iterator[Any]:
        """Yield the held packet if the next one continues its clock; else audio is an outlier."""
        if self._continues(packet, held):
            yield self._shifted(held)
        elif self._dense:
            self.outliers += 1
        else:  # a subtitle out of order
            yield self._shifted(held, restarts=False)

    def _complete(self, packet: Any) -> bool:
        """Fill in missing timestamps and duration; return whether the packet has valid ones now."""
        if not packet.duration:
            packet.duration = self._default_duration
        if packet.dts is None:
            packet.dts = self._expected if packet.pts is None else packet.pts
        if packet.dts is None or abs(packet.dts) > MAX_TIMESTAMP:
            return False
        if packet.pts is None or abs(packet.pts - packet.dts) * self._time_base > MAX_GAP_S:
            packet.pts = packet.dts
        return True

    @property
    def _expected(self) -> int | None:
        """Expected dts of the next packet, on the clock of the file."""
        if self._held is not None:
            return int(self._held.dts + _step(self._held))
        return None if self._next is None else self._next - self._offset

    def _is_discontinuous(self, packet: Any) -> bool:
        """Whether a packet steps back, or in a dense stream is the first or leaves a long gap."""
        if self._last is None or self._next is None:
            return self._dense
        time = packet.dts + self._offset
        ahead_s: Fraction = (time - self._next) * self._time_base
        behind_s: Fraction = (self._last - time) * self._time_base
        return behind_s >= MIN_RESTART_S or (self._dense and ahead_s > MAX_GAP_S)

    def _continues(self, packet: Any, held: Any) -> bool:
        """Whether a packet continues the clock of the held one, and not that of the ones before."""
        step_s: Fraction = (packet.dts - held.dts) * self._time_base
        if self._dense:
            return -MIN_RESTART_S < step_s <= MAX_GAP_S and self._is_nearer(packet, held)
        return step_s >= 0 and self._is_discontinuous(packet)

    def _is_nearer(self, packet: Any, held: Any) -> bool:
        """Whether a packet is nearer to the end of the held packet than to that of the last one."""
        from_held = packet.dts - held.dts - _step(held)
        return self._next is None or abs(from_held) <= abs(packet.dts + self._offset - self._next)

    def _restart(self, packet: Any) -> int:
        """Offset of the clock restart at a packet, in units; 0 if there is none."""
        time = packet.dts + self._offset
        return restart_offset(time, self._last, _step(packet), self._time_base)

    def _shifted(self, packet: Any, restarts: bool = True) -> Any:
        """Shift a packet to the output's clock; `restarts` allows a clock restart at it."""
        step = _step(packet)
        if restarts:
            self._joined_s += self._restart(packet) * self._time_base
            self._offset += self._restart(packet)
        packet.dts += self._offset
        packet.pts += self._offset
        self._last = packet.dts if self._last is None else max(self._last, packet.dts)
        self._next = packet.dts + step
        return packet


def _step(packet: Any) -> int:
    return max(1, packet.duration or 1)

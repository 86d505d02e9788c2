"""Packet clock: times of one stream's packets, moved to the output's zero; joins restarts."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from vidstyle.media.timestamps import LEAST_RESTART_S, restart_offset

FAR_S = 10.0  # to the next packet of sound, or from a packet's dts to its pts
MOST_UNITS = 1 << 60  # what is beyond this is no time, and would overflow FFmpeg's sums


class PacketClock:
    """Gives every packet a dts and a pts on the output's clock, in the stream's own units.

    A packet far from the one before is held until the next one shows whether the clock has jumped
    or this packet alone is wrong.
    """

    def __init__(
        self, origin_s: Fraction, time_base: Fraction, dense: bool, usual_s: Fraction = Fraction(0)
    ) -> None:
        """Start before the first packet.

        Args:
            origin_s: the time in the file that becomes zero.
            time_base: seconds per unit.
            dense: packets follow each other without pause, as in sound; not so in subtitles.
            usual_s: how long packets last that do not say it; 0 where that is not known.
        """
        self._time_base, self._dense = time_base, dense
        self._usual = round(usual_s / time_base)
        self._offset = -round(origin_s / time_base)
        self._joined_s = Fraction(0)
        self._last: int | None = None  # on the output's clock, as the next
        self._next: int | None = None  # where the packet after the last one belongs
        self._held: Any = None
        self.untimed = self.astray = 0  # packets left out: without a time, or far from all others

    @property
    def joined_s(self) -> Fraction:
        """How far restarts have moved the clock, with one that is not confirmed yet."""
        restart = 0 if self._held is None else self._restart(self._held)
        return self._joined_s + restart * self._time_base

    def follow(self, joined_s: Fraction) -> None:
        """Move with the video's clock, whose restarts say where subtitles and late sound belong.

        Args:
            joined_s: how far restarts have moved the video's clock.
        """
        if self._last is None or not self._dense:
            self._offset += round((joined_s - self._joined_s) / self._time_base)
            self._joined_s = joined_s

    def settle(self, packet: Any) -> Iterator[Any]:
        """Yield the packets, up to two, whose turn it is now that this one has come."""
        if not self._has_times(packet):
            self.untimed += 1
            return
        held, self._held = self._held, None
        if held is not None:
            yield from self._judge(held, packet)
        if self._is_far(packet):
            self._held = packet
        else:
            yield self._moved(packet)

    def flush(self) -> Iterator[Any]:
        """Yield the packet that is still held at the end, unless it is far from all others."""
        held, self._held = self._held, None
        if held is not None and (self._last is None or not self._dense):
            yield self._moved(held, joins=False)
        elif held is not None:
            self.astray += 1

    def _judge(self, held: Any, packet: Any) -> Iterator[Any]:
        if self._confirms(packet, held):
            yield self._moved(held)
        elif self._dense:
            self.astray += 1
        else:  # a subtitle out of order
            yield self._moved(held, joins=False)

    def _has_times(self, packet: Any) -> bool:
        """Fill in the times that a packet lacks; tell whether it has all now."""
        if not packet.duration:
            packet.duration = self._usual
        if packet.dts is None:
            packet.dts = self._expected if packet.pts is None else packet.pts
        if packet.dts is None or abs(packet.dts) > MOST_UNITS:
            return False
        if packet.pts is None or abs(packet.pts - packet.dts) * self._time_base > FAR_S:
            packet.pts = packet.dts
        return True

    @property
    def _expected(self) -> int | None:
        """Where the next packet belongs, on the clock of the file."""
        if self._held is not None:
            return int(self._held.dts + _step(self._held))
        return None if self._next is None else self._next - self._offset

    def _is_far(self, packet: Any) -> bool:
        if self._last is None or self._next is None:
            return self._dense
        time = packet.dts + self._offset
        ahead_s: Fraction = (time - self._next) * self._time_base
        behind_s: Fraction = (self._last - time) * self._time_base
        return behind_s >= LEAST_RESTART_S or (self._dense and ahead_s > FAR_S)

    def _confirms(self, packet: Any, held: Any) -> bool:
        """Whether a packet goes on where the held one is, and not where the ones before it were."""
        step_s: Fraction = (packet.dts - held.dts) * self._time_base
        if self._dense:
            return -LEAST_RESTART_S < step_s <= FAR_S and self._is_nearer(packet, held)
        return step_s >= 0 and self._is_far(packet)

    def _is_nearer(self, packet: Any, held: Any) -> bool:
        """Whether a packet lies nearer to the end of the held one than to that of the last one."""
        from_held = packet.dts - held.dts - _step(held)
        return self._next is None or abs(from_held) <= abs(packet.dts + self._offset - self._next)

    def _restart(self, packet: Any) -> int:
        time = packet.dts + self._offset
        return restart_offset(time, self._last, _step(packet), self._time_base)

    def _moved(self, packet: Any, joins: bool = True) -> Any:
        step = _step(packet)
        if joins:
            self._joined_s += self._restart(packet) * self._time_base
            self._offset += self._restart(packet)
        packet.dts += self._offset
        packet.pts += self._offset
        self._last = packet.dts if self._last is None else max(self._last, packet.dts)
        self._next = packet.dts + step
        return packet


def _step(packet: Any) -> int:
    return max(1, packet.duration or 1)

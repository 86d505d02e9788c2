"""Times of packets: moved to zero, filled in, joined, or given up."""

from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from vidstyle.media.packet_clock import MAX_GAP_S, MAX_TIMESTAMP, PacketClock

UNIT = Fraction(1, 1000)  # s


@dataclass
class Packet:
    """A packet of 20 ms, with a name to tell it by."""

    dts: int | None
    pts: int | None = None
    duration: int = 20
    name: str = ""


def through(clock: PacketClock, packets: list[Packet]) -> list[Packet]:
    """The packets that come out, as copies, after all have gone in."""
    out = [replace(each) for packet in packets for each in clock.push(packet)]
    return out + [replace(each) for each in clock.flush()]


def row(first: int, count: int) -> list[Packet]:
    return [Packet(first + 20 * n, first + 20 * n, name=f"{first}+{n}") for n in range(count)]


def sound(origin_s: Fraction = Fraction(0)) -> PacketClock:
    return PacketClock(origin_s, UNIT, dense=True)


def subtitles() -> PacketClock:
    return PacketClock(Fraction(0), UNIT, dense=False)


@pytest.mark.parametrize("clock", [sound(Fraction(1, 2)), sound(Fraction(1, 2))])
def test_times_count_from_the_origin(clock: PacketClock) -> None:
    found = through(clock, row(500, 5))
    assert [packet.dts for packet in found] == [0, 20, 40, 60, 80]
    assert [packet.pts for packet in found] == [0, 20, 40, 60, 80]


def test_shown_and_decoded_stay_as_far_apart_as_they_were() -> None:
    packets = [Packet(20 * n, 20 * n + 40) for n in range(4)]
    found = through(sound(), packets)
    assert [packet.pts - packet.dts for packet in found if packet.dts is not None
            and packet.pts is not None] == [40] * 4  # fmt: skip


def test_missing_times_are_those_that_would_have_come() -> None:
    packets = row(0, 6)
    packets[2].dts = None
    packets[3].pts = packets[3].dts = None
    found = through(sound(), packets)
    assert [packet.dts for packet in found] == [20 * n for n in range(6)]
    assert [packet.pts for packet in found] == [20 * n for n in range(6)]


def test_packets_that_never_had_a_time_are_counted() -> None:
    clock = sound()
    assert through(clock, [Packet(None), Packet(None), *row(0, 3)])[0].dts == 0
    assert clock.untimed == 2
    clock = sound()
    assert through(clock, [Packet(MAX_TIMESTAMP + 1), *row(0, 2)])[0].dts == 0
    assert clock.untimed == 1


def test_a_clock_that_starts_again_goes_on_where_it_was() -> None:
    clock = sound()
    found = through(clock, [*row(5000, 3), *row(0, 3)])
    assert [packet.dts for packet in found] == [5000 + 20 * n for n in range(6)]
    assert clock.joined_s == Fraction(5060, 1000)
    assert (clock.untimed, clock.outliers) == (0, 0)


@pytest.mark.parametrize("time", [-3000, 20 + round(MAX_GAP_S / UNIT) + 5000])
def test_one_packet_far_from_all_others_is_given_up(time: int) -> None:
    clock, astray = sound(), Packet(time, time, name="astray")
    found = through(clock, [*row(0, 3), astray, *row(60, 3)])
    assert [packet.dts for packet in found] == [20 * n for n in range(6)]
    assert "astray" not in {packet.name for packet in found}
    assert clock.outliers == 1


def test_a_pause_in_the_sound_stays() -> None:
    found = through(sound(), [*row(0, 3), *row(4000, 3)])
    assert [packet.dts for packet in found] == [0, 20, 40, 4000, 4020, 4040]


def test_subtitles_may_lie_minutes_apart() -> None:
    packets = [Packet(n * 100_000, n * 100_000) for n in range(4)]
    assert [packet.dts for packet in through(subtitles(), packets)] == [
        0, 100_000, 200_000, 300_000
    ]  # fmt: skip


def test_a_subtitle_out_of_order_keeps_its_time() -> None:
    packets = [Packet(t, t) for t in (0, 60_000, 30_000, 90_000)]
    found = through(subtitles(), packets)
    assert sorted(p.dts for p in found if p.dts is not None) == [0, 30_000, 60_000, 90_000]


def test_subtitles_follow_the_restarts_of_the_video() -> None:
    clock = subtitles()
    found = through(clock, [Packet(1000, 1000)])
    clock.follow(Fraction(7))
    found += through(clock, [Packet(500, 500)])
    assert [packet.dts for packet in found] == [1000, 7500]


def test_the_last_packet_held_is_given_up_in_sound_only() -> None:
    clock = sound()
    assert len(through(clock, [*row(0, 3), Packet(90_000, 90_000)])) == 3
    assert clock.outliers == 1
    assert len(through(subtitles(), [Packet(90_000, 90_000), Packet(0, 0)])) == 2


def test_packets_without_a_duration_last_as_long_as_usual() -> None:
    clock = PacketClock(Fraction(0), UNIT, dense=True, default_s=Fraction(1, 50))
    packets = [Packet(0, 0, duration=0), *(Packet(None, duration=0) for _ in range(3))]
    found = through(clock, packets)
    assert [packet.dts for packet in found] == [0, 20, 40, 60]
    assert {packet.duration for packet in found} == {20}

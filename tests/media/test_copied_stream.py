"""Packets of sound and subtitles with every fault of time and content, into every container."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import pytest

from tests.clips import Clip, Sound
from tests.look import Contents, look
from vidstyle.media import mux_trial, stream_copy
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.demux import read_packets
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats

pytestmark = pytest.mark.usefixtures("no_faces")
CONTAINERS = ("mp4", "mov", "mkv", "webm")
FAULTS_EACH = 0.25  # of the packets
Change = Callable[[int, Any], list[Any]]


def changed(packet: Any, content: bytes | None = None) -> Any:
    """A copy of a packet, with other bytes if any are given."""
    copy = av.Packet(bytes(packet) if content is None else content)
    copy.stream, copy.time_base = packet.stream, packet.time_base
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration or 0
    return copy


def convert(
    path: Path, output: Path, end_s: float | None = None, start_s: float = 0.0
) -> tuple[Contents, list[str]]:
    encoder, stats = choose_encoder(output, None, None, None), Stats()
    with (
        FileSource(path, stats, start_s=start_s, end_s=end_s) as source,
        FileSink(output, source.info, encoder, stats) as sink,
    ):
        for frame in source:
            sink.write(frame)
        sink.finish()
    return look(output), sink.warnings


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], None]:
    """Have the packets of sound and subtitles replaced as they are read, by number and packet."""

    def install(change: Change) -> None:
        def spoiled(container: Any, *more: Any) -> Iterator[Any]:
            numbers = Counter[int]()
            for packet in read_packets(container, *more):
                if packet.stream.type == "video":
                    yield packet
                else:
                    numbers[packet.stream.index] += 1
                    yield from change(numbers[packet.stream.index] - 1, packet)

        for module in (mux_trial, stream_copy):
            monkeypatch.setattr(module, "read_packets", spoiled)

    return install


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clip of a second with sound, only read."""
    folder = tmp_path_factory.mktemp("clip")
    return Clip(frames=25, sounds=[Sound(seconds=1.0)]).write(folder / "in.mkv")


@pytest.fixture(scope="module")
def meant(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Contents]:
    """What the unspoilt clip becomes, by the suffix of the output."""
    folder = tmp_path_factory.mktemp("meant")
    return cache(lambda suffix: convert(clip, folder / f"meant.{suffix}")[0])


def sound_times(contents: Contents) -> list[float]:
    return list(contents.sounds[0].times)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_packets_of_one_time_are_all_kept(
    clip: Path, tmp_path: Path, spoil: Callable[[Change], None], suffix: str
) -> None:
    original = look(clip).sounds[0]
    last: list[int] = [0]

    def change(number: int, packet: Any) -> list[Any]:
        if number % 10 == 9:
            packet.pts = packet.dts = last[0]
        last[0] = packet.dts
        return [packet]

    spoil(change)
    found, warnings = convert(clip, tmp_path / f"out.{suffix}")
    assert found.sounds[0].packets == original.packets
    count = len(original.packets) // 10
    name = "packets of audio stream 1 (aac) that were moved behind the one before"
    assert warnings == ([] if suffix == "mkv" else [f"{name}: {count}"])


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("step_s", [-0.1, -0.7, -3.0, -50.0, 30.0, 1e5])
def test_a_wrong_time_costs_one_packet_and_moves_no_other(
    clip: Path,
    meant: Callable[[str], Contents],
    tmp_path: Path,
    spoil: Callable[[Change], None],
    step_s: float,
    suffix: str,
) -> None:
    times = sound_times(meant(suffix))

    def change(number: int, packet: Any) -> list[Any]:
        if number == 20:
            packet.pts = packet.dts = packet.dts + round(step_s / packet.time_base)
        return [packet]

    spoil(change)
    found, warnings = convert(clip, tmp_path / f"out.{suffix}")
    assert sound_times(found) == times[:20] + times[21:]
    why = "whose time goes back" if step_s == -0.1 else "whose time is far from all others"
    assert warnings == [f"left out: packets of audio stream 1 (aac) {why}: 1"]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_clock_that_restarts_is_joined(
    clip: Path,
    meant: Callable[[str], Contents],
    tmp_path: Path,
    spoil: Callable[[Change], None],
    suffix: str,
) -> None:
    times = sound_times(meant(suffix))

    def change(number: int, packet: Any) -> list[Any]:
        if number >= 20:
            packet.pts = packet.dts = packet.dts - round(5 / packet.time_base)
        return [packet]

    spoil(change)
    found, warnings = convert(clip, tmp_path / f"out.{suffix}")
    assert sound_times(found) == pytest.approx(times, abs=0.002)
    assert warnings == []


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_missing_times_are_filled_in(
    clip: Path,
    meant: Callable[[str], Contents],
    tmp_path: Path,
    spoil: Callable[[Change], None],
    suffix: str,
) -> None:
    times = sound_times(meant(suffix))

    def change(number: int, packet: Any) -> list[Any]:
        if number % 3 in (1, 2):
            packet.dts = None
        if number % 3 == 2:
            packet.pts = None
        return [packet]

    spoil(change)
    found, warnings = convert(clip, tmp_path / f"out.{suffix}")
    assert sound_times(found) == pytest.approx(times, abs=0.002)
    assert warnings == []


def test_a_track_that_the_container_refuses_altogether_is_found_out_before_the_work(
    tmp_path: Path, spoil: Callable[[Change], None]
) -> None:
    path = Clip(sounds=[Sound("ac3")]).write(tmp_path / "in.mkv")
    spoil(lambda number, packet: [changed(packet, b"\x00" * len(bytes(packet)))])
    output = tmp_path / "out.mp4"
    encoder = choose_encoder(output, None, None, None)
    with (
        FileSource(path, Stats()) as source,
        FileSink(output, source.info, encoder, Stats()) as sink,
    ):
        (warning,) = sink.warnings
    assert warning == "left out: audio stream 1 (ac3); mp4 cannot hold it, .mkv may"


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_track_whose_good_start_lies_before_the_cut_costs_no_film(
    tmp_path: Path, spoil: Callable[[Change], None], suffix: str
) -> None:
    path = Clip(frames=25, sounds=[Sound("ac3", seconds=1.0)]).write(tmp_path / "in.mkv")
    spoil(lambda n, p: [p if n < 8 else changed(p, b"\x00" * len(bytes(p)))])
    found, warnings = convert(path, tmp_path / f"out.{suffix}", start_s=0.4)
    assert found.kinds == ["video"]
    assert len(found.times) == 15
    refused, nothing = warnings
    assert refused.startswith(
        "left out: packets of audio stream 1 (ac3) that the container refuses"
    )
    assert nothing == "no packet of audio stream 1 (ac3) lies in the converted part"


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 0.3), (0.8, None)])
def test_tracks_with_nothing_in_the_range_are_named(
    tmp_path: Path, suffix: str, start_s: float, end_s: float | None
) -> None:
    sound = Sound("libopus" if suffix == "webm" else "aac", start_s=0.5, seconds=0.2)
    path = Clip(frames=30, sounds=[sound]).write(tmp_path / "in.mkv")
    found, warnings = convert(path, tmp_path / f"out.{suffix}", end_s=end_s, start_s=start_s)
    assert len(found.times) == (7 if end_s else 10) + bool(end_s)
    (warning,) = warnings
    assert warning.startswith("no packet of audio stream 1")


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_sound_that_begins_late_in_a_transport_stream_is_copied(
    tmp_path: Path, suffix: str
) -> None:
    """The first part knows nothing of the sound of the second."""
    silent = Clip(frames=80, rate=10, options={"bf": "0"})
    sound = Sound(start_s=8.0, seconds=8.0)
    parts = [silent, replace(silent, pts=range(80, 160), sounds=[sound])]
    paths = [part.write(tmp_path / f"part{n}.ts") for n, part in enumerate(parts)]
    path = tmp_path / "late.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in paths))
    found, warnings = convert(path, tmp_path / f"out.{suffix}")
    assert found.kinds == ["video", "audio"]
    assert warnings == []
    assert len(found.sounds[0].packets) == len(look(paths[1]).sounds[0].packets)
    assert found.sounds[0].times[0] == pytest.approx(8.0 - 1024 / 48000, abs=0.002)


def test_late_sound_is_in_step_where_the_clock_has_restarted_before(tmp_path: Path) -> None:
    silent = Clip(frames=200, options={"bf": "0"})
    parts = [silent, replace(silent, sounds=[Sound("ac3", seconds=8.0)])]
    paths = [part.write(tmp_path / f"part{n}.ts") for n, part in enumerate(parts)]
    path = tmp_path / "late.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in paths))
    alone, _ = convert(paths[1], tmp_path / "alone.mkv")
    found, _ = convert(path, tmp_path / "out.mkv")
    shift_s = sound_times(found)[0] - sound_times(alone)[0]
    assert shift_s == pytest.approx(float(found.times[200] - alone.times[0]), abs=0.05)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_subtitles_out_of_order_move_no_other(
    tmp_path: Path, spoil: Callable[[Change], None], suffix: str
) -> None:
    path = Clip(frames=60, subtitles=["srt"]).write(tmp_path / "in.mkv")

    def change(number: int, packet: Any) -> list[Any]:
        packets = [changed(packet) for _ in range(4)]
        for copy, time_s in zip(packets, (0.2, 1.5, 0.6, 2.0), strict=True):
            copy.pts = copy.dts = round(time_s / packet.time_base)
        return packets if number == 0 else []

    spoil(change)
    found, warnings = convert(path, tmp_path / f"out.{suffix}")
    (track,) = found.subtitles
    times = [t for t, b in zip(track.times, track.bytes_, strict=True) if len(b) > 2]
    assert times == pytest.approx([0.2, 1.5, 1.5, 2.0], abs=0.002)
    (warning,) = warnings
    assert "that were moved behind the one before: 1" in warning


@pytest.mark.parametrize(
    ("start_s", "expected"), [(0.4, [0.0, 0.1, 0.6]), (0.6, [0.0, 0.4]), (1.2, [0.0])]
)
def test_a_cue_without_a_duration_is_on_screen_until_the_next(
    tmp_path: Path, spoil: Callable[[Change], None], start_s: float, expected: list[float]
) -> None:
    """As pictures of Blu-ray subtitles are."""
    path = Clip(frames=60, subtitles=["srt"]).write(tmp_path / "in.mkv")

    def change(number: int, packet: Any) -> list[Any]:
        packets = [changed(packet, text) for text in (b"one", b"two", b"three")]
        for copy, time_s in zip(packets, (0.2, 0.5, 1.0), strict=True):
            copy.pts = copy.dts = round(time_s / packet.time_base)
            copy.duration = 0
        return packets if number == 0 else []

    spoil(change)
    found, warnings = convert(path, tmp_path / "out.mkv", start_s=start_s)
    (track,) = found.subtitles
    assert track.times == pytest.approx(expected, abs=0.002)
    assert track.bytes_ == [b"one", b"two", b"three"][-len(expected) :]
    assert warnings == []


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sound_that_the_header_of_an_flv_does_not_promise_is_copied(
    tmp_path: Path, suffix: str
) -> None:
    sound = Sound("libmp3lame", start_s=8.0, seconds=1.0, rate=44100)
    path = Clip(frames=100, rate=10, codec="flv1", sounds=[sound]).write(tmp_path / "in.flv")
    meant = look(path).sounds[0].packets
    content = bytearray(path.read_bytes())
    content[4] = 1  # video only
    path.write_bytes(content)
    found, warnings = convert(path, tmp_path / f"out.{suffix}")
    assert found.sounds[0].packets == meant
    assert warnings == []


def fault(rng: random.Random, packet: Any) -> list[Any]:
    """A packet with a random fault: of its times, its length, its bytes or its number."""
    units = round(1 / packet.time_base)
    content = bytes(packet)
    match rng.randrange(16):
        case 0:
            packet.dts = None
        case 1:
            packet.pts = None
        case 2:
            packet.dts = packet.pts = None
        case 3:
            packet.dts = packet.pts = packet.dts - (packet.duration or 1)
        case 4:
            packet.dts = packet.pts = packet.dts + rng.randrange(-units, units)
        case 5:
            packet.dts = packet.pts = packet.dts + rng.randrange(-(1 << 40), 1 << 40)
        case 6:
            packet.dts = packet.pts = rng.choice([-1, 1]) * ((1 << 63) - 1)
        case 7:
            packet.pts -= rng.randrange(units)
        case 8:
            packet.pts += rng.randrange(1 << 50)
        case 9:
            packet.duration = rng.choice([0, -1, -units, (1 << 31), (1 << 62)])
        case 10:
            return [changed(packet), packet]
        case 11:
            return [changed(packet, b"")]
        case 12:
            return [changed(packet, content[: rng.randrange(len(content))])]
        case 13:
            return [changed(packet, rng.randbytes(len(content)))]
        case 14:
            return [changed(packet, content + rng.randbytes(500))]
        case _:
            return []
    return [packet]


SOUND_CODECS = {"mp4": "aac", "mov": "alac", "mkv": "flac", "webm": "libopus"}


def fuzz(path: Path, output: Path, spoil: Callable[[Change], None], seed: int) -> None:
    rng = random.Random(seed)
    spoil(lambda n, p: fault(rng, p) if rng.random() < FAULTS_EACH else [p])
    found, warnings = convert(path, output, end_s=rng.choice([None, 0.7]))
    frames = len(found.times)
    assert found.times == pytest.approx([Fraction(n, 25) for n in range(frames)], abs=0.001)
    assert frames in (18, 25), warnings


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("seed", range(4))
def test_no_fault_of_a_copied_packet_costs_the_film(
    tmp_path: Path, spoil: Callable[[Change], None], suffix: str, seed: int
) -> None:
    sounds = [Sound(SOUND_CODECS[suffix], seconds=1.0), Sound("ac3", seconds=1.0)]
    path = Clip(frames=25, sounds=sounds, subtitles=["srt"]).write(tmp_path / "in.mkv")
    fuzz(path, tmp_path / f"out.{suffix}", spoil, seed)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize("codec", ["aac", "ac3", "eac3", "libmp3lame", "libopus", "pcm_s16le"])
@pytest.mark.parametrize("subtitles", ["srt", "ass"])
def test_no_fault_of_a_copied_packet_costs_the_film_at_length(
    tmp_path: Path, spoil: Callable[[Change], None], suffix: str, codec: str, subtitles: str
) -> None:
    clip = Clip(frames=25, sounds=[Sound(codec, seconds=1.0)], subtitles=[subtitles])
    path = clip.write(tmp_path / "in.mkv")
    for seed in range(10):
        fuzz(path, tmp_path / f"out{seed}.{suffix}", spoil, seed)

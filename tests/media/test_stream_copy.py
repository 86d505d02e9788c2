"""Sound, subtitles, chapters and tags of the input, in the output."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from tests.clips import CHAPTERS, SUBTITLES, Clip, Sound
from tests.look import Contents, look
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats

Copy = Callable[..., tuple[Contents, list[str]]]
pytestmark = pytest.mark.usefixtures("no_faces")
CONTAINERS = (".mp4", ".mkv", ".mov")
TWO_SOUNDS = (Sound(language="ger"), Sound(language="ita"))


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Write a clip, copy it through source and sink, and look at the result."""

    def copied(
        clip: Clip,
        suffix: str,
        to: str,
        start_s: float = 0,
        end_s: float | None = None,
        spoil: Callable[[Path], None] | None = None,
    ) -> tuple[Contents, list[str]]:
        path, output = clip.write(tmp_path / f"in{suffix}"), tmp_path / f"out{to}"
        if spoil is not None:
            spoil(path)
        encoder, stats = choose_encoder(output, None, None, None), Stats()
        with (
            FileSource(path, stats, start_s=start_s, end_s=end_s) as source,
            FileSink(output, source.info, encoder, stats) as sink,
        ):
            for frame in source:
                sink.write(frame)
            sink.finish()
        return look(output), sink.warnings

    return copied


@pytest.mark.parametrize("to", CONTAINERS)
@pytest.mark.parametrize(
    ("codec", "suffix"), [("aac", ".mp4"), ("libmp3lame", ".mkv"), ("ac3", ".ts"), ("alac", ".mov")]
)
def test_sound_goes_along_bit_by_bit_and_in_time(
    copy: Copy, tmp_path: Path, codec: str, suffix: str, to: str
) -> None:
    found, warnings = copy(Clip(sounds=[Sound(codec)]), suffix, to)
    original = look(tmp_path / f"in{suffix}")
    assert found.sounds[0].packets == original.sounds[0].packets
    # Against the first frame, because the clock of a transport stream starts anywhere.
    for heard, meant in zip(found.sounds[0].times, original.sounds[0].times, strict=True):
        lag = (heard - float(found.times[0])) - (meant - float(original.times[0]))
        assert abs(lag) <= 0.0011
    assert warnings == []


@pytest.mark.parametrize("to", CONTAINERS)
def test_pictures_keep_their_times_beside_sound_that_starts_before_zero(
    copy: Copy, to: str
) -> None:
    clip = Clip(sounds=[Sound("aac")])
    found, _ = copy(clip, ".mp4", to)
    assert found.times == clip.times()
    assert found.sounds[0].times[0] == pytest.approx(-1024 / 48000, abs=0.001)


def test_late_video_stays_late_against_the_sound(copy: Copy) -> None:
    clip = Clip(pts=[1001 * (n + 7) for n in range(12)], time_base=Fraction(1, 30000))
    clip = Clip(pts=clip.pts, time_base=clip.time_base, sounds=[Sound()])
    found, _ = copy(clip, ".mkv", ".mp4")
    assert float(found.times[0]) == pytest.approx(float(clip.times()[0]), abs=0.001)
    assert found.sounds[0].times[0] <= 0


@pytest.mark.parametrize("to", CONTAINERS)
def test_all_tracks_come_with_their_languages_in_order(copy: Copy, to: str) -> None:
    found, _ = copy(Clip(sounds=TWO_SOUNDS, language="eng"), ".mp4", to)
    assert found.kinds[:3] == ["video", "audio", "audio"]
    assert found.language == "eng"
    assert [track.language for track in found.sounds] == ["ger", "ita"]


@pytest.mark.parametrize("to", CONTAINERS)
def test_sound_longer_than_the_video_is_kept_whole(copy: Copy, tmp_path: Path, to: str) -> None:
    found, _ = copy(Clip(sounds=[Sound(seconds=1.5)]), ".mp4", to)
    assert found.sounds[0].packets == look(tmp_path / "in.mp4").sounds[0].packets
    assert found.duration_s == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mkv", "srt"), (".mkv", "ass"), (".mp4", "mov_text")]
)
@pytest.mark.parametrize(("to", "own"), [(".mp4", "mov_text"), (".mov", "mov_text"), (".mkv", "")])
def test_text_subtitles_say_the_same_at_the_same_time(
    copy: Copy, suffix: str, codec: str, to: str, own: str
) -> None:
    found, _ = copy(Clip(subtitles=[codec], sounds=[Sound()]), suffix, to)
    (track,) = found.subtitles
    assert track.language == "eng"
    assert not own or track.codec == own
    lines = [(t, data) for t, data in zip(track.times, track.bytes_, strict=True) if len(data) > 2]
    for (time_s, data), (start, _, text) in zip(lines, SUBTITLES, strict=True):
        assert text.encode() in data
        assert time_s == pytest.approx(start / 1000, abs=0.002)


def test_subtitles_that_lose_their_looks_are_named(copy: Copy) -> None:
    _, warnings = copy(Clip(subtitles=["ass"]), ".mkv", ".mp4")
    assert warnings == ["subtitle stream 1 (ass) became mov_text: its fonts and places are lost"]


def test_webm_gets_subtitles_of_its_own_kind(copy: Copy) -> None:
    found, warnings = copy(Clip(subtitles=["srt"]), ".mkv", ".webm")
    assert found.subtitles[0].codec == "webvtt"
    assert b"first line" in found.subtitles[0].bytes_[0]
    assert warnings == []


@pytest.mark.parametrize(
    ("codec", "to", "became"), [("aac", ".webm", "opus"), ("libopus", ".mov", "aac")]
)
def test_sound_that_the_container_refuses_is_encoded_and_named(
    copy: Copy, codec: str, to: str, became: str
) -> None:
    found, warnings = copy(Clip(sounds=[Sound(codec)]), ".mkv", to)
    assert [track.codec for track in found.sounds] == [became]
    assert len(warnings) == 1
    assert warnings[0].startswith("audio stream 1")
    assert warnings[0].endswith(f"became {became}: {to[1:]} cannot hold it")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("to", CONTAINERS)
def test_chapters_go_along_without_warnings(copy: Copy, suffix: str, to: str) -> None:
    found, warnings = copy(Clip(chapters=True), suffix, to)
    assert found.chapters == [(start / 1000, end / 1000, title) for start, end, title in CHAPTERS]
    assert warnings == []


@pytest.mark.parametrize("to", CONTAINERS)
def test_tags_go_along_even_unusual_ones(copy: Copy, to: str) -> None:
    tags = {"title": "A title", "location": "+40.6800-074.5000/", "com.apple.quicktime.make": "X"}
    found, _ = copy(Clip(metadata=tags), ".mkv", to)
    assert tags.items() <= found.metadata.items()


def test_a_damaged_packet_of_sound_costs_only_itself(copy: Copy, tmp_path: Path) -> None:
    def spoil(path: Path) -> None:
        content = bytearray(path.read_bytes())
        adts = [n for n in range(len(content)) if content[n : n + 2] == b"\xff\xf1"]
        place = adts[len(adts) // 2]
        content[place : place + 2] = b"\x00\x00"
        path.write_bytes(content)

    found, warnings = copy(Clip(sounds=[Sound("aac")]), ".ts", ".mp4", spoil=spoil)
    assert len(found.sounds[0].packets) == len(look(tmp_path / "in.ts").sounds[0].packets) - 1
    assert warnings == ["left out: damaged packets of audio stream 1 (aac): 1"]


def test_attachments_go_along_to_matroska_and_are_named_elsewhere(copy: Copy) -> None:
    found, warnings = copy(Clip(attachment=True), ".mkv", ".mkv")
    assert (found.kinds, warnings) == (["video", "attachment"], [])
    found, warnings = copy(Clip(attachment=True), ".mkv", ".mp4")
    assert found.kinds == ["video"]
    assert warnings == ["left out: attachment stream 1; mp4 cannot hold it, .mkv may"]


def test_a_cut_shifts_sound_and_chapters_with_the_pictures(copy: Copy, tmp_path: Path) -> None:
    clip = Clip(frames=30, sounds=[Sound(seconds=1.2)], chapters=True)
    found, _ = copy(clip, ".mp4", ".mp4", start_s=0.4, end_s=0.8)
    original = look(tmp_path / "in.mp4")
    assert found.times == [Fraction(n, 25) for n in range(10)]
    ((start_s, end_s, title),) = found.chapters
    assert (start_s, round(end_s, 3), title) == (0, 0.08, "two")
    first = original.sounds[0].packets.index(found.sounds[0].packets[0])
    cut = original.sounds[0].times[first] - found.sounds[0].times[0]
    assert cut == pytest.approx(0.4, abs=0.001)
    assert found.sounds[0].times[-1] < 0.4


@pytest.mark.parametrize("to", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (0.0, 0.16, [(0.0, 0.16, "one")]),
        (0.0, 0.4, [(0.0, 0.2, "one"), (0.2, 0.4, "two")]),
        (0.12, 0.4, [(0.0, 0.08, "one"), (0.08, 0.28, "two")]),
        (0.4, None, [(0.0, 0.08, "two")]),
        (0.8, None, []),
    ],
)
def test_chapters_are_cut_at_both_ends(
    copy: Copy, to: str, start_s: float, end_s: float | None, expected: list[Any]
) -> None:
    clip = Clip(frames=25, chapters=True)
    found, _ = copy(clip, ".mkv", to, start_s=start_s, end_s=end_s)
    rounded = [(round(a, 3), round(b, 3), title) for a, b, title in found.chapters]
    assert rounded == expected
    assert found.duration_s == pytest.approx(len(found.times) / 25, abs=0.002)


@pytest.mark.parametrize("to", [".mp4", ".mkv", ".webm"])
@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (0.0, 0.2, [(0, 200, b"first line")]),
        (0.2, 0.4, [(0, 100, b"first line"), (100, 100, b"second line")]),
        (0.4, None, [(0, 100, b"second line")]),
    ],
)
def test_cues_are_cut_at_both_ends_and_shown_from_the_start(
    copy: Copy,
    tmp_path: Path,
    to: str,
    start_s: float,
    end_s: float | None,
    expected: list[Any],
) -> None:
    copy(Clip(frames=25, subtitles=["srt"]), ".mkv", to, start_s=start_s, end_s=end_s)
    with av.open(tmp_path / f"out{to}") as container:
        packets: list[Any] = [p for p in container.demux(subtitles=0) if p.size > 2]
    shown = [
        (round(1000 * p.pts * p.time_base), round(1000 * p.duration * p.time_base), bytes(p))
        for p in packets
    ]
    assert [each[:2] for each in shown] == [each[:2] for each in expected]
    assert all(text in data for (*_, text), (*_, data) in zip(expected, shown, strict=True))


@pytest.mark.parametrize(("to", "primers"), [(".mp4", 3), (".mov", 3), (".mkv", 0)])
def test_sound_that_an_edit_list_hides_stays_away(
    copy: Copy, tmp_path: Path, to: str, primers: int
) -> None:
    """MP4 keeps what primes the decoder, hidden by an edit list of its own."""
    found, warnings = copy(Clip(sounds=[Sound(start_s=-0.5, seconds=1.0)]), ".mp4", to)
    with av.open(tmp_path / "in.mp4") as container:
        packets = [p for p in container.demux(audio=0) if p.pts is not None]
    hidden = sum(p.is_discard for p in packets)
    assert hidden > 20
    original = look(tmp_path / "in.mp4").sounds[0]
    assert found.sounds[0].packets == original.packets[hidden - primers :]
    expected = original.times[hidden - primers :]
    assert found.sounds[0].times == pytest.approx(expected, abs=0.001)
    assert warnings == []


@pytest.mark.parametrize("to", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("codec", "sound", "primers"), [("libx264", "aac", 1024), ("libvpx", "libopus", 312)]
)
def test_a_matroska_file_that_begins_before_zero_keeps_its_pictures_in_step(
    copy: Copy, codec: str, sound: str, primers: int, to: str
) -> None:
    """FFmpeg gives H.264 packets of negative time none at all."""
    clip = Clip(
        frames=25,
        pts=range(-13, 12),
        codec=codec,
        sounds=[Sound(sound, start_s=-0.5, seconds=1.0)],
        format_options={"avoid_negative_ts": "disabled"},
    )
    found, warnings = copy(clip, ".mkv", to)
    steps = [float(b - a) for a, b in pairwise(found.times)]
    assert steps == pytest.approx([0.04] * 24, abs=0.0011)
    heard_s = -0.5 - primers / 48000
    assert found.times[0] - found.sounds[0].times[0] == pytest.approx(-0.52 - heard_s, abs=0.003)
    assert min(found.times[0], found.sounds[0].times[0]) == pytest.approx(0, abs=0.001)
    assert warnings == []

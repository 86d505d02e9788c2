"""Parts of a video make one file, with every encoder."""

import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import Clip
from tests.look import look
from vidstyle.errors import SinkError
from vidstyle.frame import Frame
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.info import VideoInfo
from vidstyle.media.parted_sink import PartedSink
from vidstyle.media.parts import PartFolder, PartsByTime, with_checkpoints
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats

RULE = PartsByTime(0.2)  # five frames


def frames_of(clip: Path) -> tuple[VideoInfo, list[Frame]]:
    stats = Stats()
    with FileSource(clip, stats) as source:
        return source.info, list(with_checkpoints(source, RULE, stats, None))


def sink(path: Path, like: VideoInfo, codec: str, **more: object) -> PartedSink:
    parts = PartFolder(path.parent / "work" / "parts", {"codec": codec}, RULE)
    encoder = choose_encoder(path, codec, None, "ultrafast")
    return PartedSink(path, like, encoder, Stats(), parts, threads=1, **more)


def joined(path: Path, clip: Path, codec: str) -> None:
    info, frames = frames_of(clip)
    with sink(path, info, codec) as parted:
        for frame in frames:
            parted.write(frame)
        parted.finish()


def disk_events(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """Calls from now on: forced inodes, names given and names deleted, in a list that grows."""
    events = list[tuple[str, object]]()

    def record(call: str, subject: Callable[..., object]) -> None:
        original = getattr(os, call)

        def recorded(*arguments: Any, **more: Any) -> Any:
            events.append((call, subject(*arguments)))
            return original(*arguments, **more)

        monkeypatch.setattr(os, call, recorded)

    record("fsync", lambda handle: os.fstat(handle).st_ino)
    record("link", lambda _, new: Path(new).name)
    record("replace", lambda _, new: Path(new).name)
    record("unlink", lambda path: Path(path).suffix)
    return events


EVEN, UNEVEN = None, [n * n // 2 + n for n in range(17)]


@pytest.mark.parametrize(
    ("codec", "suffix", "pts"),
    [
        ("h264", ".mp4", EVEN), ("h264", ".mp4", UNEVEN), ("hevc", ".mkv", EVEN),
        ("hevc", ".mp4", UNEVEN), ("av1", ".mp4", UNEVEN), ("vp9", ".webm", UNEVEN),
        ("prores", ".mov", EVEN), ("lossless", ".mkv", EVEN),
    ],
)  # fmt: skip
def test_the_joined_file_has_the_same_frames_and_times(
    tmp_path: Path, codec: str, suffix: str, pts: list[int] | None
) -> None:
    clip = Clip(frames=17, pts=pts, size_wh=(96, 64)).write(tmp_path / "in.mp4")
    joined(tmp_path / f"out{suffix}", clip, codec)
    before, after = look(clip), look(tmp_path / f"out{suffix}")
    tick = max(after.tick, before.tick)
    differences = [abs(a - b) for a, b in zip(before.times, after.times, strict=True)]
    assert max(differences) <= tick
    for original, image in zip(before.images, after.images, strict=True):
        assert np.abs(original.astype(int) - image).mean() < 6
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        dts = [packet.dts for packet in container.demux(video=0) if packet.dts is not None]
    assert all(a < b for a, b in pairwise(dts))
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", f"out{suffix}"}


def test_it_is_as_long_as_a_file_in_one_piece(tmp_path: Path) -> None:
    pts = [0, 1, 3, 4, 8, 9, 20, 21, 22, 30, 31, 47]
    clip = Clip(pts=pts).write(tmp_path / "in.mp4")
    joined(tmp_path / "parts.mp4", clip, "h264")
    info, frames = frames_of(clip)
    encoder = choose_encoder(tmp_path / "one.mp4", "h264", None, "ultrafast")
    with FileSink(tmp_path / "one.mp4", info, encoder, Stats()) as simple:
        for frame in frames:
            simple.write(frame)
        simple.finish()
    parts, one = look(tmp_path / "parts.mp4"), look(tmp_path / "one.mp4")
    assert (parts.times, parts.duration_s) == (one.times, one.duration_s)
    assert parts.video_duration_s == one.video_duration_s


def test_finished_parts_survive_and_are_not_encoded_again(tmp_path: Path) -> None:
    info, frames = frames_of(Clip(frames=17).write(tmp_path / "in.mp4"))
    with sink(tmp_path / "out.mp4", info, "h264") as parted:
        for frame in frames[:13]:
            parted.write(frame)
    files = sorted((tmp_path / "work" / "parts").iterdir())
    assert len(files) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"in.mp4", "work"}
    kept = {file: file.read_bytes() for file in files}
    with sink(tmp_path / "out.mp4", info, "h264") as parted:
        for frame in frames[10:]:
            parted.write(frame)
        assert {file: file.read_bytes() for file in files} == kept
        parted.finish()
    assert len(look(tmp_path / "out.mp4").times) == 17


@pytest.mark.skipif(os.name != "posix", reason="folders are forced to the disk on POSIX alone")
@pytest.mark.parametrize("replaces", [True, False])
def test_the_result_is_on_the_disk_before_a_part_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaces: bool
) -> None:
    info, frames = frames_of(Clip(frames=7).write(tmp_path / "in.mp4"))
    output = tmp_path / "out.mp4"
    with sink(output, info, "h264", replace=replaces) as parted:
        for frame in frames:
            parted.write(frame)
        events = disk_events(monkeypatch)
        parted.finish()
    monkeypatch.undo()
    forced = events.index(("fsync", output.stat().st_ino))
    named = events.index(("replace" if replaces else "link", "out.mp4"))
    name_forced = events.index(("fsync", tmp_path.stat().st_ino))
    deleted = events.index(("unlink", ".part"))
    assert forced < named < name_forced < deleted


def test_counters_and_time_are_kept_with_the_part(tmp_path: Path) -> None:
    info, frames = frames_of(Clip(frames=7).write(tmp_path / "in.mp4"))
    with sink(tmp_path / "out.mp4", info, "h264") as parted:
        for frame in frames:
            if frame.checkpoint is not None:
                counts = frame.checkpoint.counts | {"keyframes": 3}
                frame = replace(frame, checkpoint=replace(frame.checkpoint, counts=counts))
            parted.write(frame)
    until = sink(tmp_path / "out.mp4", info, "h264")._folder.finished.until
    assert until is not None
    assert (until.pts * info.time_base, until.frame) == (Fraction(1, 5), 5)
    assert until.counts == {"keyframes": 3, "frames": 5}
    assert until.seconds > 0


def test_a_part_that_is_damaged_meanwhile_is_an_error_with_a_cure(tmp_path: Path) -> None:
    info, frames = frames_of(Clip(frames=12).write(tmp_path / "in.mp4"))
    with sink(tmp_path / "out.mp4", info, "h264") as parted:
        for frame in frames:
            parted.write(frame)
        file = next((tmp_path / "work" / "parts").glob("[!.]*"))
        file.write_bytes(file.read_bytes()[:-40])
        with pytest.raises(SinkError, match=r"is damaged .* The same command makes it anew\.$"):
            parted.finish()
    assert not (tmp_path / "out.mp4").exists()

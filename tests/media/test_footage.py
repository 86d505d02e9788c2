"""Files and image sequences are read alike."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, squares
from vidstyle.errors import SourceError
from vidstyle.frame import DEEP, Checkpoint
from vidstyle.media.file_identity import content_digest, file_identity
from vidstyle.media.footage import Footage, FootageReader, footage_digest, open_footage
from vidstyle.media.image_file import write_photo
from vidstyle.media.image_sequence import find_sequence
from vidstyle.options import Output
from vidstyle.stats import Stats


@pytest.fixture(params=["file", "sequence"])
def footage(request: pytest.FixtureRequest, tmp_path: Path) -> Footage:
    if request.param == "file":
        return Clip(frames=5, options={"crf": "4"}).write(tmp_path / "in.mp4")
    for number in range(5):
        write_photo(tmp_path / f"{number}.png", squares(number, 64, 48))
    return find_sequence(tmp_path)


@pytest.mark.parametrize(("start_s", "end_s", "first"), [(0, None, 0), (0.08, 0.16, 2)])
def test_frames_and_times_are_the_same(
    footage: Footage, start_s: float, end_s: float | None, first: int
) -> None:
    with open_footage(footage, Stats(), start_s=start_s, end_s=end_s) as source:
        frames = list(source)
        assert (source.info.rate, source.lost_s) == (Fraction(25), 0.0)
    times = [frame.pts * frame.time_base for frame in frames]
    assert times == [Fraction(number, 25) for number in range(len(frames))]
    assert len(frames) == (5 if end_s is None else 2)
    for number, frame in enumerate(frames, start=first):
        difference = np.abs(frame.picture.to_rgb().astype(int) - squares(number, 64, 48))
        assert np.median(difference) < 5


def test_the_size_is_the_one_asked_for(footage: Footage) -> None:
    with open_footage(footage, Stats(), size=lambda width, height: (32, 48)) as source:
        assert {(f.picture.width, f.picture.height) for f in source} == {(32, 48)}
        assert source.info.sample_aspect_ratio == 2


def test_what_is_after_the_end_is_an_error(footage: Footage) -> None:
    with pytest.raises(SourceError, match=r"after 9 s: it is 0\.2 s long"):
        open_footage(footage, Stats(), start_s=9.0)


def test_a_reader_gives_the_same_frames_each_time(footage: Footage) -> None:
    reader = FootageReader(footage, Output(start=0.04, end=0.16, size="32x48"), deep=True)
    for _ in range(2):
        with reader.open(Stats()) as source:
            frames = list(source)
        assert [float(frame.time_s) for frame in frames] == pytest.approx([0, 0.04, 0.08])
        pictures = [frame.picture for frame in frames]
        assert {(p.width, p.height, p.unit) for p in pictures} == {(32, 48, DEEP)}
    last = Checkpoint(1, frames[-1].pts, 2, {}, frames[-1].time_s)
    with replace(reader, start=last).open(Stats()) as source:
        assert [frame.pts for frame in source] == [frames[-1].pts]


@pytest.mark.parametrize("of_file", [content_digest, file_identity])
def test_the_digest_changes_with_the_content_of_any_file(
    footage: Footage, of_file: Callable[[Path], str]
) -> None:
    before = footage_digest(footage, of_file)
    assert footage_digest(footage, of_file) == before
    file = footage if isinstance(footage, Path) else footage.files[-1]
    file.write_bytes(file.read_bytes() + b"\0")
    assert footage_digest(footage, of_file) != before


def test_the_digest_of_a_sequence_changes_with_its_rate(tmp_path: Path) -> None:
    write_photo(tmp_path / "0.png", squares(0, 64, 48))
    slow, fast = (find_sequence(tmp_path, Fraction(rate)) for rate in (12, 24))
    assert footage_digest(slow, content_digest) != footage_digest(fast, content_digest)

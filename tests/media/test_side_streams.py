"""Side streams are those of a file; pictures have none, and outputs of pictures say so."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clips import Clip, Sound
from vidstyle.media.info import VideoInfo
from vidstyle.media.side_streams import NoSideStreams, side_streams_of, silence_notes
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats


@pytest.fixture
def info(tmp_path: Path) -> VideoInfo:
    clip = Clip(frames=2, sounds=[Sound(), Sound()], subtitles=["subrip"])
    with FileSource(clip.write(tmp_path / "in.mkv"), Stats()) as source:
        return source.info


def test_what_is_left_out_is_said_by_its_kind(info: VideoInfo) -> None:
    assert silence_notes(info, ".gif", "copy") == ["no sound and no subtitles in .gif"]
    assert silence_notes(info, ".gif", "none") == ["no subtitles in .gif"]
    assert silence_notes(replace(info, path=None), ".gif", "copy") == []


def test_pictures_have_no_side_streams(info: VideoInfo) -> None:
    assert side_streams_of(replace(info, path=None)) is NoSideStreams
    assert side_streams_of(info) is not NoSideStreams
    unused: Any = None
    streams = NoSideStreams(info, unused, unused, suffix=".webp")
    streams.advance(1.0)
    streams.close()
    assert (streams.copied, streams.warnings) == (Counter(), ["no sound and no subtitles in .webp"])

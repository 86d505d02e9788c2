"""Whitelist of formats: films open, files that read their neighbors do not, unless allowed."""

from pathlib import Path

import av
import pytest

from tests.clips import Clip
from vidstyle.errors import SourceError
from vidstyle.media.demux import open_container
from vidstyle.media.input_formats import FORMATS, VARIABLE, input_options, playlist_format

REFERRING = {"concat", "dash", "hls", "image2", "imf", "lavfi", "rtsp", "sdp", "vobsub"}


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "avi", "webm", "ts", "flv", "mpg", "h264"])
def test_films_open(tmp_path: Path, suffix: str) -> None:
    codecs = {"webm": "libvpx", "mpg": "mpeg1video"}
    clip = Clip(frames=6, codec=codecs.get(suffix, "libx264")).write(tmp_path / f"in.{suffix}")
    with open_container(clip) as container:
        assert container.streams.video


def test_formats_that_read_other_files_are_left_out() -> None:
    assert not REFERRING & set(FORMATS)
    assert not {"alsa", "fbdev", "v4l2", "x11grab"} & set(FORMATS)
    assert input_options()["protocol_whitelist"] == "file"


def test_names_are_ffmpegs() -> None:
    known = {name for names in av.formats_available for name in names.split(",")}
    assert len(set(FORMATS) - known) <= len(FORMATS) // 10  # that an FFmpeg was built without


def test_a_playlist_opens_where_the_environment_allows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clip(frames=12).write(tmp_path / "in.ts")
    playlist = tmp_path / "list.mp4"
    playlist.write_text("ffconcat version 1.0\nfile in.ts\n")
    with pytest.raises(SourceError, match=f"set {VARIABLE}=concat if you trust it"):
        open_container(playlist)
    for value in ("concat", "hls, concat", "all"):
        monkeypatch.setenv(VARIABLE, value)
        with open_container(playlist) as container:
            assert container.streams.video


@pytest.mark.parametrize(
    ("start", "name"),
    [(b"#EXTM3U\n", "hls"), (b"\xef\xbb\xbfffconcat", "concat"), (b"\0\0\0\x20ftyp", None)],
)
def test_a_playlist_is_known_by_its_start(tmp_path: Path, start: bytes, name: str | None) -> None:
    (tmp_path / "a").write_bytes(start)
    assert playlist_format(tmp_path / "a") == name
    assert playlist_format(tmp_path / "missing") is None

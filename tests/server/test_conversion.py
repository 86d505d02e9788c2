"""The conversion process looks at files, takes stills and converts them."""

import base64
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import Clip
from tests.server.conftest import encoded
from vidstyle.apps.progress import VideoProgress
from vidstyle.errors import SourceError
from vidstyle.media.image_file import read_photo
from vidstyle.server import limits
from vidstyle.server.conversion import convert, is_photo, probe, progress_document, still
from vidstyle.server.problems import Problem


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clips") / "content.mp4"
    Clip(frames=12, size_wh=(64, 48)).write(file)
    return file


def quiet(state: dict[str, Any]) -> None:
    """A report that is not read."""


def test_videos_and_photos_are_told_apart(clip: Path, tmp_path: Path) -> None:
    photo = tmp_path / "content"
    photo.write_bytes(encoded(40, 30))
    assert probe({"input": photo}, quiet) == {"kind": "photo", "width": 40, "height": 30}
    found = probe({"input": clip}, quiet)
    assert (found["kind"], found["width"], found["height"]) == ("video", 64, 48)
    assert found["frames"] == 12
    assert is_photo(photo) and not is_photo(clip)


@pytest.mark.parametrize(
    "content",
    [
        b"text",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{clip}\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '{clip}'\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_playlists_and_texts_are_neither(clip: Path, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "content.mp4"
    file.write_bytes(content.replace(b"{clip}", str(clip).encode()))
    with pytest.raises(SourceError):
        probe({"input": file}, quiet)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    photo = encoded(8, 8, ".png")
    bomb = tmp_path / "content.png"
    bomb.write_bytes(photo[:16] + (20_000).to_bytes(4, "big") * 2 + photo[24:])
    with pytest.raises(Problem, match=r"400,000,000 pixels; 50,000,000 is the limit"):
        probe({"input": bomb}, quiet)


def test_long_films_and_many_streams_are_refused(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("STREAMS", "VIDEO_SECONDS", "VIDEO_FRAMES", "VIDEO_PIXELS"):
        with monkeypatch.context() as patch, pytest.raises(Problem, match="is the limit"):
            patch.setattr(limits, limit, 0)
            probe({"input": clip}, quiet)


def test_a_still_has_the_height_that_was_asked_for(clip: Path) -> None:
    for time_s in (None, 0.0, 0.2):
        answer = still({"input": clip, "height": 24, "time": time_s}, quiet)
        content = np.frombuffer(base64.b64decode(answer["jpeg"]), np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_COLOR)
        assert image is not None and image.shape == (24, 32, 3)
    with pytest.raises(SourceError):
        still({"input": clip, "height": 24, "time": 99.0}, quiet)


def test_a_video_its_preview_and_a_photo_are_converted(
    clip: Path, tmp_path: Path, inverter: Path
) -> None:
    photo = tmp_path / "content.jpg"
    photo.write_bytes(encoded(40, 30))
    reports = list[dict[str, Any]]()
    for source, kind, preview, name, size_wh, duration_s in (
        (clip, "video", False, "a.mp4", (64, 48), probe({"input": clip}, quiet)["seconds"]),
        (clip, "video", True, "a.png", (64, 48), None),
        (photo, "photo", False, "a.jpg", (40, 30), None),
    ):
        output = tmp_path / name
        request = {"input": source, "output": output, "kind": kind, "preview": preview}
        facts = convert(request | {"options": {"style": str(inverter)}}, reports.append)
        assert (facts["width"], facts["height"]) == size_wh
        assert facts["duration_s"] == duration_s
        assert facts["bytes"] == output.stat().st_size
    assert reports[-1]["total"] == 12
    inverted, original = read_photo(output), read_photo(photo)
    assert np.abs(255 - inverted.astype(int) - original).mean() < 8


def test_the_share_is_of_paintings_until_frames_are_written() -> None:
    state = VideoProgress(0, 100, 5.0, 0.0, 3, 12)
    document = progress_document(state)
    assert (document["share"], document["left_s"]) == (0.25, 15.0)
    unknown = progress_document(VideoProgress(7, None, 5.0, 0.0, 0, None))
    assert (unknown["share"], unknown["left_s"], unknown["frames"]) == (None, None, 7)

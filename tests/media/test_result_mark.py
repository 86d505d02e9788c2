"""Results of vidstyle are recognized, in every format, and nothing else is."""

import io
import os
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from tests.clips import Clip, patches
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.image_file import PHOTO_SUFFIXES, decode_photo, write_photo, write_result
from vidstyle.media.result_mark import MARK, SEARCHED, append_mark, is_marked, marked
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats

COLORFUL = patches(40, 30)


def converted(source: Path, output: Path) -> Path:
    """The frames of a video, written as a result."""
    with FileSource(source, Stats()) as frames:
        encoder = choose_encoder(output, None, None, None)
        with FileSink(output, frames.info, encoder, Stats()) as sink:
            for frame in frames:
                sink.write(frame)
            sink.finish()
    return output


@pytest.mark.parametrize("suffix", PHOTO_SUFFIXES)
def test_results_are_marked_and_other_pictures_are_not(tmp_path: Path, suffix: str) -> None:
    photo, result = tmp_path / f"photo{suffix}", tmp_path / f"result{suffix.upper()}"
    write_photo(photo, COLORFUL)
    write_result(result, COLORFUL)
    assert (is_marked(photo), is_marked(result)) == (False, True)


@pytest.mark.parametrize("suffix", [s for s in PHOTO_SUFFIXES if cv2.haveImageWriter(f"a{s}")])
def test_a_marked_picture_is_the_same_picture_to_every_reader(suffix: str) -> None:
    encoded = cv2.imencode(suffix, COLORFUL[..., ::-1])[1].tobytes()
    for content in (encoded, marked(encoded)):
        by_opencv = decode_photo(np.frombuffer(content, np.uint8), suffix).image
        with Image.open(io.BytesIO(content)) as image:
            by_pillow = np.asarray(image.convert("RGB"))
        assert np.array_equal(by_opencv, by_pillow)
        assert np.abs(by_pillow.astype(int) - COLORFUL).mean() < 9


def test_other_programs_see_the_mark() -> None:
    seen = dict[Any, Any]()
    for suffix in (".jpg", ".png"):
        with Image.open(io.BytesIO(marked(cv2.imencode(suffix, COLORFUL)[1].tobytes()))) as image:
            seen |= image.info
    assert seen["comment"] == MARK.encode()
    assert seen["Software"] == MARK


def test_the_mark_is_found_behind_the_largest_exif_segment(tmp_path: Path) -> None:
    encoded = cv2.imencode(".jpg", COLORFUL)[1].tobytes()
    exif = b"\xff\xe1" + (65535).to_bytes(2) + bytes(65533)
    noise = np.random.default_rng(0).integers(0, 256, SEARCHED, np.uint8).tobytes()
    file = tmp_path / "a.jpg"
    file.write_bytes(marked(encoded[:2] + exif + encoded[2:]) + noise)
    assert is_marked(file)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_converted_videos_are_marked_also_after_a_remux(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr("vidstyle.media.result_mark.SEARCHED", 16)  # only the headers tell
    original = Clip(frames=3).write(tmp_path / "original.mkv")
    result = converted(original, tmp_path / f"a{suffix}")
    assert (is_marked(original), is_marked(result)) == (False, True)
    remuxed = tmp_path / f"remuxed{suffix}"
    with av.open(str(result)) as before, av.open(str(remuxed), "w") as after:
        (stream,) = before.streams
        copy = after.add_stream_from_template(stream)
        copy.metadata.update(stream.metadata)
        for packet in before.demux():
            if packet.size:
                packet.stream = copy
                after.mux(packet)
    assert is_marked(remuxed)


def test_what_cannot_be_read_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder.mp4").mkdir()
    for name in ("broken.mp4", "empty.jpg", "folder.mp4", "missing.png"):
        assert not is_marked(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert not is_marked(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_an_appended_mark_keeps_the_file_whole(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a{suffix}"
    write_photo(file, COLORFUL)
    append_mark(file)
    assert is_marked(file)
    with Image.open(file) as image:
        image.load()
    if suffix == ".png":
        assert file.read_bytes().endswith(b"IEND\xaeB`\x82")  # nothing behind the last chunk
        with av.open(str(file)) as container:
            assert len(list(container.decode(video=0))) == 1

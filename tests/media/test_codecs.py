"""Which encoder is chosen, with which options."""

from contextlib import nullcontext
from fractions import Fraction
from pathlib import Path

import pytest

from vidstyle.errors import SinkError
from vidstyle.media.codecs import (
    check_size,
    choose_encoder,
    container_format,
    muxer_options,
)
from vidstyle.media.encoders import PRESETS

MP4, WEBM = Path("a.mp4"), Path("a.webm")


def test_the_suffix_names_the_container() -> None:
    assert container_format(Path("a.MKV")) == "matroska"
    with pytest.raises(SinkError, match=r'"a\.txt": the name must end in \.mp4'):
        container_format(Path("a.txt"))


def test_x264_is_the_default_and_vp9_in_webm() -> None:
    assert choose_encoder(MP4, None, None, None).name == "libx264"
    assert choose_encoder(WEBM, None, None, None).name == "libvpx-vp9"


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "libvpx-vp9", "libvpx"])
def test_quality_reaches_the_encoder(codec: str) -> None:
    assert choose_encoder(Path("a.mkv"), codec, 33, None).options["crf"] == "33"


@pytest.mark.parametrize("codec", ["libx264", "libsvtav1", "libvpx-vp9"])
@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_understood(codec: str, preset: str) -> None:
    assert choose_encoder(Path("a.mkv"), codec, None, preset).name == codec


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(SinkError, match=r'No encoder "foo"\. Installed: libx264'):
        choose_encoder(MP4, "foo", None, None)
    with pytest.raises(SinkError, match=r'No preset "foo"\. There are ultrafast'):
        choose_encoder(MP4, None, None, "foo")


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.webm", "libx264"), ("a.mp4", "prores_ks"), ("a.mov", "ffv1"), ("a.mov", "libvpx-vp9")],
)
def test_a_codec_that_the_container_refuses_is_found_at_once(name: str, codec: str) -> None:
    suffix = Path(name).suffix
    with pytest.raises(SinkError, match=rf"\{suffix} cannot hold {codec} video"):
        choose_encoder(Path(name), codec, None, None)


def test_lossless_encoders_have_no_quality_to_set() -> None:
    with pytest.raises(SinkError, match="ffv1 has no quality to set"):
        choose_encoder(Path("a.mkv"), "ffv1", 20, None)


def test_unusual_tags_ask_for_the_newer_kind_in_mp4_only() -> None:
    clock = Fraction(1, 30000)
    assert "movflags" not in muxer_options("mp4", clock, ["title", "Artist"])
    assert muxer_options("mp4", clock, ["title", "make"])["movflags"] == "use_metadata_tags"
    assert "movflags" not in muxer_options("matroska", clock, ["make"])


@pytest.mark.parametrize("units", [1, 25, 600, 30000, 12_800, 10_000_000])
def test_the_clock_of_mp4_counts_whole_units_of_the_video(units: int) -> None:
    scale = int(muxer_options("mp4", Fraction(1, units), [])["movie_timescale"])
    assert scale % units == 0
    assert scale >= 45_000


@pytest.mark.parametrize(
    ("codec", "size_wh", "refused"),
    [
        ("libx264", (64, 48), False),
        ("libx264", (65, 1), False),  # cropped to even sides
        ("libvpx-vp9", (65, 49), False),
        ("libx264", (17000, 64), True),
        ("libvpx", (64, 17000), True),
        ("libx265", (2, 2), True),
    ],
)
def test_sizes_are_tried(codec: str, size_wh: tuple[int, int], refused: bool) -> None:
    encoder = choose_encoder(Path("a.mkv"), codec, None, None)
    expected = pytest.raises(SinkError, match="cannot encode") if refused else nullcontext()
    with expected:
        check_size(encoder, *size_wh)

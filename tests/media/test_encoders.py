"""Encoders by the names that users know, and only those that start."""

from pathlib import Path

import av
import pytest

from tests.clips import Clip
from vidstyle.errors import SinkError
from vidstyle.media.codecs import choose_encoder, default_suffix
from vidstyle.media.encoders import (
    ENCODERS,
    PRESETS,
    VideoEncoder,
    encoder_findings,
    encoder_options,
    encoders_named,
    encoders_that_start,
    failure,
    unknown_encoder,
)

ABSENT = VideoEncoder(name="h264_nvenc", aliases=("h264",), options={"gpu": "99"})


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("h264", "libx264"),
        ("AVC", "libx264"),
        ("x264", "libx264"),
        ("hevc", "libx265"),
        ("h265", "libx265"),
        ("x265", "libx265"),
        ("av1", "libsvtav1"),
        ("svt-av1", "libsvtav1"),
        ("vp9", "libvpx-vp9"),
        ("vp8", "libvpx"),
        ("prores", "prores_ks"),
        ("ffv1", "ffv1"),
    ],
)
def test_codecs_have_the_names_that_users_know(alias: str, name: str) -> None:
    assert encoders_named(alias)[0].name == name


@pytest.mark.parametrize(
    ("output", "name", "option"),
    [
        ("a.mkv", "ffv1", None),
        ("a.mp4", "libx264", ("qp", "0")),
        ("a.mov", "libx264", ("qp", "0")),
        ("a.webm", "libvpx-vp9", ("lossless", "1")),
    ],
)
def test_lossless_is_the_encoder_that_the_container_holds(
    output: str, name: str, option: tuple[str, str] | None
) -> None:
    encoder = choose_encoder(Path(output), "lossless", None, None)
    assert encoder.name == name
    assert option is None or option in encoder.options.items()
    with pytest.raises(SinkError, match="has no quality to set"):
        choose_encoder(Path(output), "lossless", 20, None)


def test_outputs_without_a_name_get_the_suffix_of_the_codec() -> None:
    suffixes = {None: ".mp4", "h264": ".mp4", "prores": ".mov", "lossless": ".mkv", "vp9": ".webm"}
    assert {codec: default_suffix(codec) for codec in suffixes} == suffixes
    assert default_suffix("nope") == ".mp4"  # the error comes later


def test_software_encoders_start_and_are_offered() -> None:
    names = {row.name for row in encoders_that_start()}
    assert {"libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1", "prores_ks"} <= names
    assert all(not failure(row) for row in encoders_that_start())


def test_an_encoder_without_its_hardware_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    if not encoders_named("h264_nvenc"):
        pytest.skip("this FFmpeg is built without nvenc")
    monkeypatch.setattr("vidstyle.media.encoders._installed", lambda: (ABSENT, ENCODERS[0]))
    assert failure(ABSENT)
    wanted = {"libx264": "h264, avc, x264", "do not start here": "h264_nvenc"}
    assert encoder_findings() == wanted
    with pytest.raises(SinkError, match="h264_nvenc cannot be started on this machine"):
        choose_encoder(Path("a.mp4"), "h264_nvenc", None, None)
    assert choose_encoder(Path("a.mp4"), "h264", None, None).name == "libx264"  # the next one
    assert "nvenc" not in unknown_encoder("h266")


def test_a_misspelled_codec_is_answered_with_the_closest() -> None:
    message = unknown_encoder("prorez")
    start = 'No encoder "prorez". Did you mean prores? Installed: libx264 (h264), libx265 (hevc), '
    assert message.startswith(start)
    assert message.count("libx264") == 1


def test_x264_keeps_a_reference_less_for_the_same_pictures(tmp_path: Path) -> None:
    (row, *_) = encoders_named("h264")
    ours, usual = encoder_options(row, "superfast"), {"preset": "superfast", "crf": "20"}
    files = [tmp_path / "ours.mp4", tmp_path / "usual.mp4"]
    pictures = list[list[bytes]]()
    for file, options in zip(files, (ours, usual), strict=True):
        Clip(frames=40, options=options).write(file)
        with av.open(str(file)) as container:
            frames = container.decode(video=0)
            pictures.append([frame.to_ndarray().tobytes() for frame in frames])
    assert pictures[0] == pictures[1]
    for file, mode in zip(files, (b"b_pyramid=1", b"b_pyramid=2"), strict=True):
        assert mode in file.read_bytes()  # strict; normal


@pytest.mark.parametrize("row", ENCODERS, ids=lambda row: f"{row.name}-{row.aliases[0]}")
def test_rows_hold_together(row: VideoEncoder) -> None:
    assert not row.speeds or tuple(row.speeds) == PRESETS
    assert (row.speed is None) == (not row.speeds)
    assert row.aliases == tuple(alias.lower() for alias in row.aliases)
    asked = encoder_options(row, "fast", crf=33)
    assert {asked[name] for name in row.quality} <= {"33"}
    assert set(encoder_options(row, "fast")) <= set(asked)


def test_hardware_is_known_by_its_name() -> None:
    names = {row.name for row in ENCODERS if row.is_hardware}
    wanted = ("h264_nvenc", "h264_vaapi", "h264_qsv", "h264_videotoolbox", "h264_amf")
    assert names >= set(wanted)
    assert not [name for name in names if name.startswith("lib")]

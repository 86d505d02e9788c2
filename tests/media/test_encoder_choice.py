"""Hardware encodes only where it is there, works, and is much faster."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import Clip
from vidstyle import StylizeOptions, stylize_video
from vidstyle.media import encoder_choice
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.encoder_choice import encoding_s, fastest_encoder
from vidstyle.media.encoders import VideoEncoder, encoders_named

SOFTWARE = encoders_named("h264")[0]
NVENC, QSV = (
    VideoEncoder(name=name, aliases=("h264",), quality=("cq",))
    for name in ("h264_nvenc", "h264_qsv")
)


@pytest.fixture
def times_s(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, float]]:
    """Seconds of the encoders that start, by name; a test may change them."""
    times_s = {"libx264": 3.0, "h264_nvenc": 1.0, "h264_qsv": 1.5}
    rows = lambda standard: [SOFTWARE, NVENC, QSV]  # noqa: E731
    monkeypatch.setattr(encoder_choice, "encoders_named", rows)
    monkeypatch.setattr(encoder_choice, "failure", lambda row: "" if row.name in times_s else "no")
    monkeypatch.setattr(encoder_choice, "encoding_s", lambda row, preset: times_s[row.name])
    fastest_encoder.cache_clear()
    yield times_s
    fastest_encoder.cache_clear()


def test_the_fastest_hardware_is_taken(times_s: dict[str, float]) -> None:
    assert choose_encoder(Path("a.mp4"), "auto", None, None).name == "h264_nvenc"


def test_software_stays_without_a_clear_gain(times_s: dict[str, float]) -> None:
    times_s |= {"h264_nvenc": 2.5, "h264_qsv": 2.2}
    assert fastest_encoder("h264", "fast") is SOFTWARE


def test_hardware_that_does_not_start_is_not_offered(times_s: dict[str, float]) -> None:
    del times_s["h264_nvenc"]
    assert fastest_encoder("h264", "fast") is QSV


def test_without_hardware_nothing_is_measured(
    times_s: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    del times_s["h264_nvenc"], times_s["h264_qsv"]
    monkeypatch.setattr(encoder_choice, "encoding_s", lambda row, preset: pytest.fail("measured"))
    assert fastest_encoder("h264", "fast") is SOFTWARE


@pytest.mark.parametrize(
    ("output", "more", "name"),
    [
        ("a.webm", {}, "libvpx-vp9"),
        ("a.gif", {}, "ffv1"),
        ("a.mkv", {"hdr": True}, "libx265"),
        ("a.mkv", {"pix_fmt": "10bit"}, "libx264"),
    ],
)
def test_where_hardware_does_not_fit_auto_is_the_default(
    times_s: dict[str, float], output: str, more: dict[str, object], name: str
) -> None:
    container = "gif" if output == "a.gif" else None
    encoder = choose_encoder(Path(output), "auto", None, None, container, **more)  # type: ignore[arg-type]
    assert encoder.name == name


def test_the_trial_takes_time_with_an_encoder_and_forever_without() -> None:
    assert 0 < encoding_s(SOFTWARE, "ultrafast") < float("inf")
    assert 0 < encoding_s(VideoEncoder(name="libsvtav1"), "ultrafast") < float("inf")
    assert encoding_s(VideoEncoder(name="libx264", options={"qp": "nonsense"}), "fast") == float(
        "inf"
    )


def test_a_film_is_encoded_with_auto_on_any_machine(tmp_path: Path, inverter: Path) -> None:
    clip = Clip(frames=3).write(tmp_path / "in.mp4")
    options = StylizeOptions(style=str(inverter), codec="auto")
    assert stylize_video(clip, tmp_path / "out.mp4", options).frames == 3

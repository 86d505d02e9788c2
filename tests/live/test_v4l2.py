"""What can be said without a device; the rest is tested in a virtual machine (tools/vm_test)."""

import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="V4L2")


def test_every_request_names_the_size_of_what_it_fills_in() -> None:
    from vidstyle.live import v4l2

    for request, size in (
        (v4l2.QUERYCAP, v4l2.CAPABILITY_BYTES),
        (v4l2.ENUM_FMT, v4l2.FORMAT_BYTES),
        (v4l2.ENUM_FRAMESIZES, v4l2.SIZE_BYTES),
        (v4l2.ENUM_FRAMEINTERVALS, v4l2.INTERVAL_BYTES),
    ):
        assert request >> 16 & 0x3FFF == size  # Linux packs it into the number
        assert request >> 8 & 0xFF == ord("V")


def test_without_devices_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vidstyle.live import v4l2

    monkeypatch.setattr(v4l2, "DEVICES", tmp_path / "none")
    assert v4l2.devices() == []
    assert v4l2.modes(tmp_path / "none") == []


def test_what_is_no_video_device_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vidstyle.live import v4l2

    (tmp_path / "video99").mkdir()  # known to the system, but gone from /dev
    monkeypatch.setattr(v4l2, "DEVICES", tmp_path)
    assert v4l2.devices() == []

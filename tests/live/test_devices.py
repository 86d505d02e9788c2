import sys
from pathlib import Path

import av
import pytest

from vidstyle.live.devices import examine_devices


@pytest.mark.skipif(sys.platform != "linux", reason="systemd")
def test_what_starts_it_at_every_login_is_told_with_a_file_that_exists() -> None:
    (command,) = examine_devices()["always there"]
    unit = Path(command.split()[4])
    assert unit.read_text(encoding="utf-8").count("ExecStart=") == 1
    assert command.endswith("systemctl --user enable --now vidstyle-live")


def test_where_only_names_are_known_they_are_told_with_what_to_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """macOS, as FFmpeg describes it."""
    there = [
        av.device.DeviceInfo("0", "FaceTime HD Camera", True, ["video"]),
        av.device.DeviceInfo("1", "MacBook Air Microphone", True, ["audio"]),
    ]
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(av, "enumerate_input_devices", lambda lister: there)
    cameras = examine_devices()["cameras"]
    assert cameras == ["FaceTime HD Camera", "others by number: 0, 1, and so on"]


def test_a_system_that_lists_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    assert examine_devices()["cameras"] == ["others by number: 0, 1, and so on"]

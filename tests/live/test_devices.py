import re
import subprocess
import sys
from pathlib import Path

import av
import pytest

from vidstyle.live.devices import examine_devices


@pytest.mark.skipif(sys.platform != "linux", reason="systemd")
@pytest.mark.parametrize("there", [True, False])
def test_what_starts_it_at_every_login_names_this_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    python = tmp_path / "my venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    if there:
        python.with_name("vidstyle").touch()
    monkeypatch.setattr(sys, "executable", str(python))
    (command,) = examine_devices()["always there"]
    asked = tmp_path / "asked"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "systemctl").write_text(f'#!/bin/sh\necho "$@" > {asked}\n')
    (tools / "systemctl").chmod(0o755)
    environment = {"HOME": str(tmp_path), "PATH": f"{tools}:/usr/bin:/bin"}
    subprocess.run(["sh", "-c", command], env=environment, check=True, timeout=60)
    unit = tmp_path / ".config" / "systemd" / "user" / "vidstyle-live.service"
    (start,) = re.findall("^ExecStart=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    program = f'"{python.with_name("vidstyle")}"' if there else f'"{python}" -m vidstyle'
    assert start == f"{program} live --virtual-camera --no-window"
    assert asked.read_text() == "--user enable --now vidstyle-live\n"


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

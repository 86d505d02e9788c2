"""Device listing for `vidstyle doctor`: cameras, virtual cameras, microphones, setup commands."""

import sys
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import Note, VidstyleError, reason
from vidstyle.live.sinks.virtual_camera import RECIPE

UNIT = Path(__file__).with_name("vidstyle-live.service")
LISTERS = {"darwin": "avfoundation", "win32": "dshow"}  # FFmpeg's input devices, by `sys.platform`
INSTALL_UNIT = (
    f"install -D -m 644 {UNIT} ~/.config/systemd/user/{UNIT.name} "
    f"&& systemctl --user enable --now {UNIT.stem}"
)
TRY = Note("others by number: 0, 1, and so on", {"camera": 0})


def examine_devices() -> dict[str, Any]:
    """List the devices of this machine: a list of lines for people, by kind of device."""
    found = {
        "cameras": _cameras() or ["none found: plug one in, or allow cameras in the settings"],
        "virtual cameras": _virtual_cameras() or [f"none. {RECIPE}"],
        "microphones": _microphones(),
    }
    if sys.platform == "linux":
        found["always there"] = [INSTALL_UNIT]
    return found


def _cameras() -> list[str]:
    if sys.platform != "linux":
        return [*_names(), TRY]
    from vidstyle.live.v4l2 import devices, modes

    return [
        f"{device.path} {device.name}: {', '.join(modes(device.path)) or 'in use'}"
        for device in devices()
        if device.captures and not device.outputs
    ]


def _names() -> list[str]:
    """Names of the cameras, without numbers: OpenCV may count them in another order."""
    try:
        found = av.enumerate_input_devices(LISTERS[sys.platform])
    except (KeyError, ValueError, av.FFmpegError):
        return []
    return [device.description for device in found if "video" in device.media_types]


def _virtual_cameras() -> list[str]:
    if sys.platform != "linux":
        return [RECIPE]
    from vidstyle.live.v4l2 import devices

    return [f"{device.path} {device.name}" for device in devices() if device.outputs]


def _microphones() -> list[str]:
    from vidstyle.live.audio.devices import microphones

    try:
        return microphones() or ["none found"]
    except VidstyleError as error:
        return [reason(error)]

"""Device listing for `vidstyle doctor`: cameras, virtual cameras, microphones, setup commands."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import Note, VidstyleError, reason
from vidstyle.live.audio.devices import microphones, sound_outputs
from vidstyle.live.sinks.virtual_camera import RECIPE

UNIT = Path(__file__).with_name("vidstyle-live.service")
LISTERS = {"darwin": "avfoundation", "win32": "dshow"}  # FFmpeg's input devices, by `sys.platform`
UNIT_FOLDER = "~/.config/systemd/user"
TRY = Note("others by number: 0, 1, and so on", {"camera": 0})


def examine_devices() -> dict[str, Any]:
    """List the devices of this machine: a list of lines for people, by kind of device."""
    found = {
        "cameras": _cameras() or ["none found: plug one in, or allow cameras in the settings"],
        "virtual cameras": _virtual_cameras() or [f"none. {RECIPE}"],
        "microphones": _audio(microphones),
        "sound outputs": _audio(sound_outputs),
    }
    if sys.platform == "linux":
        found["always there"] = [install_unit()]
    return found


def install_unit() -> str:
    """Shell command that starts this installation's virtual camera at every login, by systemd."""
    program = Path(sys.executable).with_name("vidstyle")
    words = [str(program)] if program.exists() else [sys.executable, "-m", "vidstyle"]
    start = " ".join(f'"{word}"' if " " in word else word for word in words)
    pattern = shlex.quote(f"s|^ExecStart=[^ ]*|ExecStart={start}|")
    return (
        f"mkdir -p {UNIT_FOLDER} && sed {pattern} {shlex.quote(str(UNIT))} "
        f"> {UNIT_FOLDER}/{UNIT.name} && systemctl --user enable --now {UNIT.stem}"
    )


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


def _audio(names: Callable[[], list[str]]) -> list[str]:
    try:
        return names() or ["none found"]
    except VidstyleError as error:
        return [reason(error)]

"""The cameras, virtual cameras and microphones there are, and how to get those that are missing."""

import sys
from typing import Any

from vidstyle.errors import VidstyleError, reason
from vidstyle.live.virtual_camera import RECIPE


def examine_devices() -> dict[str, Any]:
    """Look around; every value is a list of lines for people."""
    return {
        "cameras": _cameras() or ["none found: plug one in, or allow cameras in the settings"],
        "virtual cameras": _virtual_cameras() or [f"none. {RECIPE}"],
        "microphones": _microphones(),
    }


def _cameras() -> list[str]:
    if sys.platform != "linux":
        return ['this system lists none; try "vidstyle live --camera 0", 1, and so on']
    from vidstyle.live.v4l2 import devices, modes

    return [
        f"{device.path} {device.name}: {', '.join(modes(device.path)) or 'in use'}"
        for device in devices()
        if device.captures and not device.outputs
    ]


def _virtual_cameras() -> list[str]:
    if sys.platform != "linux":
        return [RECIPE]
    from vidstyle.live.v4l2 import devices

    return [f"{device.path} {device.name}" for device in devices() if device.outputs]


def _microphones() -> list[str]:
    from vidstyle.live.sound import microphones

    try:
        return microphones() or ["none found"]
    except VidstyleError as error:
        return [reason(error)]

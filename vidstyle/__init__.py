"""Neural video style that runs live on an ordinary CPU."""

import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# ONNX Runtime reads this when it is imported; otherwise it leaves an identifier in the home folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# OpenCV reads this when it is imported; otherwise a camera that hangs is waited for ten seconds.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2")

if TYPE_CHECKING:
    from vidstyle.apps.convert import stylize_video
    from vidstyle.apps.image import preview_video, stylize_photo
    from vidstyle.apps.outputs import Result
    from vidstyle.errors import VidstyleError
    from vidstyle.frame import Frame, Picture
    from vidstyle.options import StylizeOptions

_HOMES = {
    "stylize_video": "vidstyle.apps.convert",
    "stylize_photo": "vidstyle.apps.image",
    "preview_video": "vidstyle.apps.image",
    "Result": "vidstyle.apps.outputs",
    "StylizeOptions": "vidstyle.options",
    "Frame": "vidstyle.frame",
    "Picture": "vidstyle.frame",
    "VidstyleError": "vidstyle.errors",
}

__all__ = [
    "Frame",
    "Picture",
    "Result",
    "StylizeOptions",
    "VidstyleError",
    "preview_video",
    "stylize_photo",
    "stylize_video",
]


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that `vidstyle --help` stays quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vidstyle' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)

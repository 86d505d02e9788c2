"""Neural style transfer for video, in real time on ordinary CPUs."""

import os
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0.dev0"

# Read by ONNX Runtime at import; without it, an identifier is written to the home folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# Read by OpenCV at import, in seconds; the default timeout of a camera that hangs is ten.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")

if TYPE_CHECKING:
    from vidstyle.apps.convert import stylize_video
    from vidstyle.apps.export import ExportResult, export_style
    from vidstyle.apps.frame_stream import FrameStream
    from vidstyle.apps.image import preview_video, stylize_photo
    from vidstyle.apps.live import run_live
    from vidstyle.apps.outputs import Result
    from vidstyle.apps.painting import PaintingResult, style_from_painting
    from vidstyle.apps.progress import VideoProgress
    from vidstyle.apps.stylizer import Stylizer, styles
    from vidstyle.apps.train import train_style
    from vidstyle.errors import (
        Cancelled,
        ClusterError,
        DeviceError,
        LockedError,
        MissingExtraError,
        OptionError,
        SinkError,
        SourceError,
        StyleError,
        VidstyleError,
    )
    from vidstyle.frame import ColorSpace, Frame, Picture
    from vidstyle.live.metrics import LiveReport
    from vidstyle.options.export import ExportOptions
    from vidstyle.options.live import LiveOptions
    from vidstyle.options.stylize import StylizeOptions
    from vidstyle.options.training import TrainOptions
    from vidstyle.stylize.catalog import Style
    from vidstyle.training.results import TrainProgress, TrainResult

_MODULES = {
    "Cancelled": "vidstyle.errors",
    "ClusterError": "vidstyle.errors",
    "ColorSpace": "vidstyle.frame",
    "DeviceError": "vidstyle.errors",
    "ExportOptions": "vidstyle.options.export",
    "ExportResult": "vidstyle.apps.export",
    "Frame": "vidstyle.frame",
    "FrameStream": "vidstyle.apps.frame_stream",
    "LiveOptions": "vidstyle.options.live",
    "LiveReport": "vidstyle.live.metrics",
    "LockedError": "vidstyle.errors",
    "MissingExtraError": "vidstyle.errors",
    "OptionError": "vidstyle.errors",
    "PaintingResult": "vidstyle.apps.painting",
    "Picture": "vidstyle.frame",
    "Result": "vidstyle.apps.outputs",
    "SinkError": "vidstyle.errors",
    "SourceError": "vidstyle.errors",
    "Style": "vidstyle.stylize.catalog",
    "StyleError": "vidstyle.errors",
    "StylizeOptions": "vidstyle.options.stylize",
    "Stylizer": "vidstyle.apps.stylizer",
    "TrainOptions": "vidstyle.options.training",
    "TrainProgress": "vidstyle.training.results",
    "TrainResult": "vidstyle.training.results",
    "VideoProgress": "vidstyle.apps.progress",
    "VidstyleError": "vidstyle.errors",
    "export_style": "vidstyle.apps.export",
    "preview_video": "vidstyle.apps.image",
    "run_live": "vidstyle.apps.live",
    "style_from_painting": "vidstyle.apps.painting",
    "styles": "vidstyle.apps.stylizer",
    "stylize_photo": "vidstyle.apps.image",
    "stylize_video": "vidstyle.apps.convert",
    "train_style": "vidstyle.apps.train",
}

__all__ = [
    "Cancelled",
    "ClusterError",
    "ColorSpace",
    "DeviceError",
    "ExportOptions",
    "ExportResult",
    "Frame",
    "FrameStream",
    "LiveOptions",
    "LiveReport",
    "LockedError",
    "MissingExtraError",
    "OptionError",
    "PaintingResult",
    "Picture",
    "Result",
    "SinkError",
    "SourceError",
    "Style",
    "StyleError",
    "StylizeOptions",
    "Stylizer",
    "TrainOptions",
    "TrainProgress",
    "TrainResult",
    "VideoProgress",
    "VidstyleError",
    "export_style",
    "preview_video",
    "run_live",
    "style_from_painting",
    "styles",
    "stylize_photo",
    "stylize_video",
    "train_style",
]


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that `vidstyle --help` answers quickly."""
    if name not in _MODULES:
        raise AttributeError(f"module 'vidstyle' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

"""What this machine has, and the settings that follow from it."""

import importlib.metadata
import importlib.util
import platform
from pathlib import Path
from typing import Any

import av
import cv2
import onnxruntime

from vidstyle import __version__
from vidstyle.errors import VidstyleError
from vidstyle.machine import ThreadPlan, memory_gb, processor_name, usable_cores
from vidstyle.media.codecs import available_encoders, default_preset
from vidstyle.models import intact_file
from vidstyle.options import DEFAULTS
from vidstyle.stylize.catalog import shipped_styles

EXTRAS = {"torch": "train"}


def examine() -> dict[str, Any]:
    """Look around; every value is text, a number, a list or a dict of these."""
    cores = usable_cores()
    memory = memory_gb()
    return {
        "vidstyle": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": cores,
        "memory": None if memory is None else f"{memory:.1f} GB",
        "libraries": {
            "PyAV": av.__version__,
            "OpenCV": cv2.__version__,
            "ONNX Runtime": onnxruntime.__version__,
        },
        "providers": onnxruntime.get_available_providers(),
        "encoders": available_encoders(),
        "cameras": [str(path) for path in sorted(Path("/dev").glob("video*"))],
        "extras": {name: _installed(name) for name in EXTRAS},
        "styles": _styles(),
        "settings": _settings(cores),
    }


def _settings(cores: int) -> dict[str, str]:
    threads = ThreadPlan.for_cores(cores, every_frame=False)
    return {
        "threads": f"{threads.decoder} decoding, {threads.painters} painting, "
        f"{threads.opencv} warping, {threads.encoder} encoding",
        "encoder": f"libx264, preset {default_preset(cores)}",
        "working size": f"{DEFAULTS.max_height} lines at most",
        "keyframes": "placed while converting, from the generator's and the warp's own times",
    }


def _styles() -> str:
    try:
        styles = shipped_styles()
        for style in styles:
            intact_file(style.file, style.sha256)
    except VidstyleError as error:
        return str(error)
    return f"{len(styles)}, checksums right"


def _installed(name: str) -> str:
    if importlib.util.find_spec(name) is None:
        return f'missing (pip install "vidstyle[{EXTRAS[name]}]")'
    return importlib.metadata.version(name)

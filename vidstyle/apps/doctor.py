"""System report: hardware, libraries, devices, and the settings that follow from them."""

import importlib.metadata
import platform
import sys
from typing import Any

import av
import cv2
import onnxruntime

from vidstyle import __version__
from vidstyle.assets import intact_file
from vidstyle.errors import VidstyleError
from vidstyle.extras import install_hint
from vidstyle.hardware import (
    ThreadPlan,
    int8_instructions,
    memory_gb,
    processor_name,
    usable_cores,
)
from vidstyle.live.devices import examine_devices
from vidstyle.media.codecs import default_preset
from vidstyle.media.encoders import encoder_findings
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.options import VIDEO_LINES
from vidstyle.stylize.catalog import find_style, find_weights, shipped_styles
from vidstyle.stylize.provider_choice import (
    ChoiceStore,
    ModelForms,
    choose,
    describe_trial,
    fastest,
)
from vidstyle.stylize.providers import accelerators

EXTRAS = {
    "torch": "train",
    "scenedetect-headless": "offline",
    "pygame-ce": "live",
    "sounddevice": "live",
    "pyvirtualcam": "virtual-camera",
    "pillow-heif": "heif",
    "python-osc": "osc",
    "ai-edge-litert": "export",
    "coremltools": "export",
}


INT8 = {True: "yes", False: "no: painting takes twice as long", None: None}


def examine() -> dict[str, Any]:
    """Collect the report; every value is a string, a number, None, a list or a dict of these."""
    cores = usable_cores()
    memory = memory_gb()
    return {
        "vidstyle": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "int8 (VNNI)": INT8[int8_instructions()],
        "cores": cores,
        "memory": None if memory is None else f"{memory:.1f} GB",
        "libraries": {
            "PyAV": av.__version__,
            "OpenCV": cv2.__version__,
            "ONNX Runtime": onnxruntime.__version__,
        },
        "providers": onnxruntime.get_available_providers(),
        "painting": _painting(),
        "encoders": encoder_findings(),
        **examine_devices(),
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
        "working size": f"{VIDEO_LINES} lines at most",
        "full quality": _full_quality(),
        "keyframes": "placed while converting, from the generator's and the warp's own times",
    }


def _full_quality() -> str:
    room = MemoryLimits.within(memory_gb())
    return (
        f"pictures of {room.picture / 1e6:.0f} megapixels at most, "
        f"{room.tile / 1e6:.1f} of them at a time"
    )


def _painting() -> list[str]:
    """Each provider's painting in one line, and the one that "auto" takes for the default style."""
    try:
        style = shipped_styles()[0].name
        forms = ModelForms(find_style(style), find_weights(style))
        trials = choose(forms, ChoiceStore(), accelerators())
    except VidstyleError as error:
        return [error.message]
    return [*map(describe_trial, trials), f"auto takes {fastest(trials)} for {style}"]


def _styles() -> str:
    try:
        styles = shipped_styles()
        for style in styles:
            intact_file(style.file, style.sha256)
    except VidstyleError as error:
        return str(error)
    return f"{len(styles)}, checksums right"


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        if name == "pyvirtualcam" and sys.platform == "linux":
            return "not needed on Linux"
        return f"missing ({install_hint(EXTRAS[name])})"

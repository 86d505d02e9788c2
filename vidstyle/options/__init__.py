"""Options: settings with defaults, help texts and checks, by purpose.

The command line, the Python API and configuration files take names and defaults from here, and
`__post_init__` is the only place that checks them. Settings of the command line alone are in
`flags`.
"""

from vidstyle.options.export import ExportOptions
from vidstyle.options.live import LiveOptions
from vidstyle.options.look import VIDEO_LINES, Look
from vidstyle.options.output import STANDARD_STREAM, Output
from vidstyle.options.server import ServeOptions
from vidstyle.options.setting import (
    AUTO,
    CPU,
    FACES,
    FEATURES,
    PAINTED,
    PROVIDERS,
    fits,
    option,
    settings,
)
from vidstyle.options.stylize import DEFAULTS, StylizeOptions
from vidstyle.options.training import (
    ABSTRACTION_LIMITS,
    FINISH_LIMITS,
    SHARPNESS,
    SMOOTHING_LIMITS,
    STROKE_LIMITS,
    STROKE_LINES,
    TrainOptions,
)

__all__ = [
    "ABSTRACTION_LIMITS",
    "AUTO",
    "CPU",
    "DEFAULTS",
    "FACES",
    "FEATURES",
    "FINISH_LIMITS",
    "PAINTED",
    "PROVIDERS",
    "SHARPNESS",
    "SMOOTHING_LIMITS",
    "STANDARD_STREAM",
    "STROKE_LIMITS",
    "STROKE_LINES",
    "VIDEO_LINES",
    "ExportOptions",
    "LiveOptions",
    "Look",
    "Output",
    "ServeOptions",
    "StylizeOptions",
    "TrainOptions",
    "fits",
    "option",
    "settings",
]

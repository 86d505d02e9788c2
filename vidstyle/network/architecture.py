"""Generator architecture: pixel grids, layer widths and file size per size class; no PyTorch."""

from dataclasses import dataclass

GRID = 4  # px, side of a coarse cell (stem and residual blocks)
FINE = 2  # px, side of a fine cell (head)
PIXELS = 3 * FINE**2  # channels of a fine cell, in the order row, column, RGB
LARGEST_CODE = 63  # of int8 weights; x86 without VNNI adds in int16, where 2 * 255 * 127 overflows


@dataclass(frozen=True)
class Architecture:
    """Layer widths of a size class; the defaults are those of class 55k."""

    stem_kernel: int = 1  # in coarse cells
    channels: int = 32  # of the residual blocks
    bottleneck: int = 16  # channels inside a residual block
    dilations: tuple[int, ...] = (1, 2, 4)  # one residual block each
    head_channels: int = 16


# Widths whose .onnx files stay below `LARGEST_BYTES`. Multiples of 16, because int8 arithmetic runs
# at half its speed with others.
SIZE_CLASSES = {
    "17k": Architecture(channels=16, dilations=(1, 2)),
    "55k": Architecture(),
    "220k": Architecture(
        stem_kernel=3, channels=64, bottleneck=32, dilations=(1, 2, 4, 1), head_channels=32
    ),
}
# Largest .onnx file of each class, in bytes.
LARGEST_BYTES = {"17k": 17_408, "55k": 56_320, "220k": 225_280}

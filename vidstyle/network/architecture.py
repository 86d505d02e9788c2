"""Generator architecture: pixel grids, layer widths and file size per size class; no PyTorch."""

from dataclasses import dataclass

GRID = 4  # pixels per cell, both ways, where most weights are
FINE = 2  # pixels per cell of the head
PIXELS = 3 * FINE**2  # channels of a fine cell: rows, in them columns, in them red, green and blue
LARGEST_CODE = 63  # of a weight; x86 without VNNI adds products in int16: 2 * 255 * 127 overflows


@dataclass(frozen=True)
class Architecture:
    """The widths that make a size class. Defaults are the 55 KB class."""

    stem_kernel: int = 1  # cells
    channels: int = 32
    bottleneck: int = 16
    dilations: tuple[int, ...] = (1, 2, 4)
    head_channels: int = 16


# Widths whose files keep the promise of their class: bytes of the .onnx on disk. Multiples of 16:
# with others, int8 arithmetic runs at half its speed.
SIZE_CLASSES = {
    "17k": Architecture(channels=16, dilations=(1, 2)),
    "55k": Architecture(),
    "220k": Architecture(
        stem_kernel=3, channels=64, bottleneck=32, dilations=(1, 2, 4, 1), head_channels=32
    ),
}
LARGEST_BYTES = {"17k": 17_408, "55k": 56_320, "220k": 225_280}

"""Memory limits, counted again by hand."""

import subprocess
import sys

import pytest

from vidstyle.optimize.limits import (
    COPIES_BYTES,
    EVALUATION_BYTES,
    HISTORY_BYTES,
    MemoryLimits,
)


def test_more_memory_has_more_room() -> None:
    small, large = MemoryLimits.within(4), MemoryLimits.within(8)
    assert small.tile < large.tile
    assert small.history < large.history
    assert MemoryLimits.within(None) == small
    # Inside 4 GB: what is looked at, remembered and kept, and 0.3 GB for PyTorch itself.
    assert small.picture * 85 + small.tile * 1300 + small.history * 300 + 0.3e9 <= 4e9
    assert small.picture > 24.2e6  # as many as cameras have, and their border


@pytest.mark.parametrize("memory_gb", [0.5, 2.0, 16.0, 640.0])
def test_the_parts_fit_into_the_memory_together(memory_gb: float) -> None:
    limits = MemoryLimits.within(memory_gb)
    bytes_ = (
        limits.tile * EVALUATION_BYTES
        + limits.history * HISTORY_BYTES
        + limits.picture * COPIES_BYTES
    )
    assert 0.8e9 * memory_gb < bytes_ < 0.9e9 * memory_gb


def test_limits_grow_with_the_memory() -> None:
    small, large = MemoryLimits.within(3), MemoryLimits.within(12)
    for name in ("tile", "history", "picture"):
        assert getattr(large, name) == pytest.approx(4 * getattr(small, name), abs=4)


def test_they_are_known_without_pytorch() -> None:
    code = "import sys, vidstyle.optimize.limits; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

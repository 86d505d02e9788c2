"""Memory allocator: what the C library does with freed memory, where that is glibc."""

import ctypes
import sys
from collections.abc import Mapping
from typing import Any, Final

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # parameters of glibc's mallopt
# The most to which glibc raises both by itself, after a large block was freed.
KEPT_BLOCK_BYTES: Final = 32 * 2**20  # larger blocks go back to the system when they are freed
KEPT_BYTES: Final = 64 * 2**20  # of free memory at the end of a heap
# Likewise for films: frames of 4K are in blocks of their own, which leave no gaps in the heap.
KEPT_FILM_BLOCK_BYTES: Final = 10 * 2**20
KEPT_FILM_BYTES: Final = 4 * 2**20


def keep_freed_memory() -> bool:
    """Keep freed memory, instead of asking the kernel for its pages with each picture.

    Glibc gives blocks over 128 KiB back at once until it has seen larger ones: 340 page faults for
    a picture of 256x256, a tenth of its CPU time.

    Returns:
        Whether the C library does so; False for others than glibc.
    """
    return _set({M_MMAP_THRESHOLD: KEPT_BLOCK_BYTES, M_TRIM_THRESHOLD: KEPT_BYTES})


def share_freed_memory() -> bool:
    """Let all threads take memory that any of them freed; called before they are started.

    Glibc gives each thread a heap of its own, with free memory that no other thread uses, and
    puts ever larger blocks into it: 50 MB are lost in a film of 4K, where frames go from thread to
    thread and each part has another encoder.

    Returns:
        Whether the C library does so; False for others than glibc.
    """
    thresholds = {M_MMAP_THRESHOLD: KEPT_FILM_BLOCK_BYTES, M_TRIM_THRESHOLD: KEPT_FILM_BYTES}
    return _set(thresholds | {M_ARENA_MAX: 1})


def _set(values: Mapping[int, int]) -> bool:
    """Set parameters of glibc's allocator; return whether it took them."""
    if sys.platform != "linux":
        return False
    library: Any = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    return all(library.mallopt(name, value) == 1 for name, value in values.items())

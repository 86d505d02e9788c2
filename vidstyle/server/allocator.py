"""Memory allocator: freed memory stays with the process, which asks for as much again at once."""

import ctypes
import sys
from typing import Any, Final

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # parameters of glibc's mallopt
# The most to which glibc raises both by itself, after a large block was freed.
KEPT_BLOCK_BYTES: Final = 32 * 2**20  # larger blocks go back to the system when they are freed
KEPT_BYTES: Final = 64 * 2**20  # of free memory at the end of a heap


def keep_freed_memory() -> bool:
    """Keep freed memory, instead of asking the kernel for its pages with each picture.

    Glibc gives blocks over 128 KiB back at once until it has seen larger ones: 340 page faults for
    a picture of 256x256, a tenth of its CPU time.

    Returns:
        Whether the C library does so; False for others than glibc.
    """
    if sys.platform != "linux":
        return False
    library: Any = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    settings = ((M_MMAP_THRESHOLD, KEPT_BLOCK_BYTES), (M_TRIM_THRESHOLD, KEPT_BYTES))
    return all(library.mallopt(name, value) == 1 for name, value in settings)

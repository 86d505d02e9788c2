"""Codecs and containers of PyAV in memory, for tests of what outlives its use."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import av


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep Python's garbage collector from running by itself during the block."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def containers_left() -> int:
    """Number of containers that are in memory, open or closed."""
    return sum(issubclass(type(each), av.container.Container) for each in gc.get_objects())

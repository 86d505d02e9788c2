"""Bounded blocking queue between two threads, with end of stream and abort."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ChannelAbandoned(Exception):  # noqa: N818 - control flow, not an error
    """The channel was aborted; the thread that puts or iterates should return."""


class Channel(Generic[Item]):
    """Bounded FIFO queue; `put` blocks while it is full, so no item is lost. Thread-safe."""

    def __init__(self, capacity: int) -> None:
        """Make an empty queue of `capacity` items, at least 1."""
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._closed = False
        self._abandoned = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Append an item; blocks while the queue is full. Called by the writing thread.

        Raises:
            ChannelAbandoned: `abandon` was called.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._capacity or self._abandoned)
            if self._abandoned:
                raise ChannelAbandoned
            self._items.append(item)
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Yield items until the queue is closed and empty; blocks. For the reading thread.

        Raises:
            ChannelAbandoned: `abandon` was called.
        """
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed or self._abandoned)
                if self._abandoned:
                    raise ChannelAbandoned
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item

    def close(self) -> None:
        """Mark the end of the stream; queued items can still be read. For the writing thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Drop all queued items and wake both sides with `ChannelAbandoned`; from any thread."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

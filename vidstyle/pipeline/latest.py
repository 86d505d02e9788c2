"""Drop-oldest queue for live use: bounded, its writer never blocks."""

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class DropOldestChannel(Generic[Item]):
    """Bounded FIFO queue that drops and counts its oldest item when full. Thread-safe.

    With a capacity of 1, the reader gets the newest item or none; as GStreamer's leaky queue.
    """

    def __init__(self, capacity: int = 1) -> None:
        """Make an empty queue of `capacity` items, at least 1."""
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._closed = False
        self._dropped = 0
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Append an item without blocking; after `close` the item is discarded, uncounted."""
        with self._changed:
            if self._closed:
                return
            if len(self._items) == self._capacity:
                self._items.popleft()
                self._dropped += 1
            self._items.append(item)
            self._changed.notify_all()

    def get(self, timeout_s: float) -> Item | None:
        """Remove and return the oldest item, waiting up to `timeout_s` seconds for one.

        Returns None on timeout, and at once if the queue is closed and empty.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            return self._items.popleft() if self._items else None

    def close(self) -> None:
        """Mark the end of the stream; queued items can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def exhausted(self) -> bool:
        """Whether the queue is closed and empty."""
        with self._changed:
            return self._closed and not self._items

    @property
    def dropped(self) -> int:
        """Number of items dropped unread because the queue was full."""
        with self._changed:
            return self._dropped

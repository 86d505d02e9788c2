"""A bounded queue for live use, whose writer never waits."""

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class DropOldestChannel(Generic[Item]):
    """First in, first out; a full channel drops the oldest item and counts it.

    With a capacity of 1, the reader gets the newest item or none.
    """

    def __init__(self, capacity: int = 1) -> None:
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._closed = False
        self._dropped = 0
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Hand over an item at once; after `close` it goes nowhere."""
        with self._changed:
            if self._closed:
                return
            if len(self._items) == self._capacity:
                self._items.popleft()
                self._dropped += 1
            self._items.append(item)
            self._changed.notify_all()

    def get(self, timeout_s: float) -> Item | None:
        """Take the oldest item, waiting for one; None where none came in time, or none will."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            return self._items.popleft() if self._items else None

    def close(self) -> None:
        """Say that nothing more will come; what is inside can still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def exhausted(self) -> bool:
        """Whether nothing is inside and nothing more will come."""
        with self._changed:
            return self._closed and not self._items

    @property
    def dropped(self) -> int:
        """How many items nobody read."""
        with self._changed:
            return self._dropped

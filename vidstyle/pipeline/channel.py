"""A bounded queue between two threads that either side can end."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ChannelAbandoned(Exception):  # noqa: N818 - no error, an end
    """The run has ended; whoever puts or waits should return."""


class Channel(Generic[Item]):
    """First in, first out. A full channel makes the writer wait: nothing is lost."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._closed = False
        self._abandoned = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Hand over an item, waiting for room.

        Raises:
            ChannelAbandoned: the run has ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._capacity or self._abandoned)
            if self._abandoned:
                raise ChannelAbandoned
            self._items.append(item)
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Yield items until the channel is closed and empty.

        Raises:
            ChannelAbandoned: the run has ended.
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
        """Say that nothing more will come; what is inside will still be read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Drop what is inside and wake everybody up."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

"""Bounded blocking queue between two threads, with end of stream and abort."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ChannelAbandoned(Exception):  # noqa: N818 - control flow, not an error
    """The channel was aborted; the thread that puts or iterates should return."""


class Channel(Generic[Item]):
    """Bounded FIFO queue; `put` blocks while it is full, so no item is lost. Thread-safe."""

    def __init__(self, capacity: float, weight: Callable[[Item], float] = lambda item: 1) -> None:
        """Make an empty queue.

        Args:
            capacity: sum of the weights of the queued items, at most; a single one may be heavier.
            weight: of an item.
        """
        self._items: deque[Item] = deque()
        self._capacity, self._weight = capacity, weight
        self._closed = False
        self._abandoned = False
        self._changed = threading.Condition()

    def put(self, item: Item) -> None:
        """Append an item; blocks while the queue is full. Called by the writing thread.

        Raises:
            ChannelAbandoned: `abandon` was called.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(item) or self._abandoned)
            if self._abandoned:
                raise ChannelAbandoned
            self._items.append(item)
            self._changed.notify_all()

    def wait_for_room(self) -> None:
        """Block until there is room for another item like the last. Called by the writing thread.

        An item that is made only then needs no memory while it would wait to be put.

        Raises:
            ChannelAbandoned: `abandon` was called.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: not self._items or self._has_room(self._items[-1]) or self._abandoned
            )
            if self._abandoned:
                raise ChannelAbandoned

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
            del item  # not kept while the next one is awaited

    def _has_room(self, item: Item) -> bool:
        return not self._items or sum(map(self._weight, [*self._items, item])) <= self._capacity

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

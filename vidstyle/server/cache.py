"""Cache of encoded pictures in memory, bounded by bytes, least recently used first."""

from collections import OrderedDict


class ByteCache:
    """LRU cache of contents by key; belongs to one thread."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._size = most_bytes, 0
        self._contents: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Content of a key, which becomes the most recently used; None if it is not there."""
        content = self._contents.get(key)
        if content is not None:
            self._contents.move_to_end(key)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep a content; the least recently used ones make room."""
        self._drop(key)
        self._contents[key] = content
        self._size += len(content)
        while self._size > self._most:
            self._drop(next(iter(self._contents)))

    def clear(self) -> None:
        """Forget all contents."""
        self._contents.clear()
        self._size = 0

    def _drop(self, key: str) -> None:
        content = self._contents.pop(key, None)
        if content is not None:
            self._size -= len(content)

"""A stand-in for cv2.VideoCapture."""

from typing import Any


class ToyDevice:
    """What cv2.VideoCapture is, with pictures and properties as told."""

    def __init__(self, reads: list[Any], got: dict[int, float] | None = None) -> None:
        self._reads, self._got = list(reads), got or {}
        self.asked: dict[int, float] = {}
        self.opened, self.released = True, False

    def __call__(self, where: int | str, backend: int) -> "ToyDevice":
        return self

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.opened

    def set(self, what: int, value: float) -> bool:
        self.asked[what] = value
        return True

    def get(self, what: int) -> float:
        return self._got.get(what, self.asked.get(what, 0.0))

    def read(self) -> tuple[bool, Any]:
        read = self._reads.pop(0) if len(self._reads) > 1 else self._reads[0]
        if isinstance(read, Exception):
            raise read
        return read is not None, read

    def release(self) -> None:
        self.released = True

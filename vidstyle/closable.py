"""Base class of objects that a `with` block closes at its end."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closable(ABC):
    """Object that holds threads, files or networks, and is closed by its `with` block."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """Release threads, files and networks of the object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

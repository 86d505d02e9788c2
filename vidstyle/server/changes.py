"""Signal of changes: wakes threads and event streams after a change of the jobs."""

import asyncio
import threading
from dataclasses import dataclass


@dataclass(eq=False)
class _Waiters:
    """Coroutines of one event loop that wait."""

    event: asyncio.Event
    number: int = 0


class Changes:
    """Counter of changes that threads and coroutines wait for; callable from any thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._number = 0
        self._closed = False
        self._waiting: dict[asyncio.AbstractEventLoop, _Waiters] = {}

    @property
    def number(self) -> int:
        """Changes so far."""
        return self._number

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called: all who wait should end."""
        return self._closed

    def notify(self) -> None:
        """Count a change, and wake all who wait."""
        with self._condition:
            self._number += 1
            self._condition.notify_all()
            waiting, self._waiting = self._waiting, {}
        for loop, waiters in waiting.items():
            loop.call_soon_threadsafe(waiters.event.set)

    def close(self) -> None:
        """Wake all who wait, now and later."""
        self._closed = True
        self.notify()

    def wait(self, seen: int, timeout_s: float) -> None:
        """Block until there are more changes than were seen, or a time has passed."""
        with self._condition:
            self._condition.wait_for(lambda: self._number > seen or self._closed, timeout_s)

    async def wait_async(self, seen: int, timeout_s: float) -> None:
        """Wait as `wait`, in a coroutine."""
        with self._condition:
            if self._number > seen or self._closed:
                return
            loop = asyncio.get_running_loop()
            waiters = self._waiting.setdefault(loop, _Waiters(asyncio.Event()))
            waiters.number += 1
        try:
            await asyncio.wait_for(waiters.event.wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            with self._condition:
                waiters.number -= 1
                if not waiters.number and self._waiting.get(loop) is waiters:
                    del self._waiting[loop]

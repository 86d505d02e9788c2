"""Signal of changes: wakes threads and event streams after a change of the jobs."""

import asyncio
import threading


class Changes:
    """Counter of changes that threads and coroutines wait for; callable from any thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._number = 0
        self._closed = False
        self._waiting = set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

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
            waiting = list(self._waiting)
        for loop, event in waiting:
            loop.call_soon_threadsafe(event.set)

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
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._condition:
            if self._number > seen or self._closed:
                return
            self._waiting.add(entry)
        try:
            await asyncio.wait_for(entry[1].wait(), timeout_s)
        except TimeoutError:
            pass
        finally:
            with self._condition:
                self._waiting.discard(entry)

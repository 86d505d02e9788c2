"""Consumer detection for a virtual camera: processes that have it open, and a demand gate.

Lets the session close the camera while no program reads the virtual one. Linux only.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import SinkError

IN_CLOSE, IN_OPEN = 0x18, 0x20  # from linux/inotify.h
EVENTS_BYTES = 4096
RELEASE_AFTER_S = 5.0  # without consumers; some programs reopen the device every few seconds
MIN_OPEN_S = 0.3  # by one consumer; programs that list devices close them sooner


class ConsumerMonitor:
    """Counts the consumers of a device: other processes that have it open.

    Scans /proc only after inotify has reported that the device was opened or closed. Processes of
    other users cannot be seen.
    """

    def __init__(self, device: Path) -> None:
        """Start watching a device.

        Raises:
            SinkError: inotify cannot watch it.
        """
        self._device, self._lock = device.resolve(), threading.Lock()
        libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = self._checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        try:
            mask = ctypes.c_uint32(IN_OPEN | IN_CLOSE)
            path = os.fsencode(self._device)
            self._checked(libc.inotify_add_watch(self._inotify, path, mask))
            self._count = self._scan()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop watching; more than once is fine."""
        with self._lock:
            if self._inotify >= 0:
                os.close(self._inotify)
            self._inotify = -1

    def count(self) -> int:
        """Count the other processes that have the device open; safe from any thread.

        Scans /proc if the device was opened or closed since the last call.
        """
        with self._lock, suppress(BlockingIOError):  # no events: the count has not changed
            if self._inotify >= 0 and os.read(self._inotify, EVENTS_BYTES):
                self._count = self._scan()
        return self._count

    def _checked(self, result: int) -> int:
        """Return the result of a call of inotify.

        Raises:
            SinkError: it is negative, which means a failure.
        """
        if result < 0:
            why = os.strerror(ctypes.get_errno())
            raise SinkError(f"{self._device} cannot be watched: {why}.")
        return result

    def _scan(self) -> int:
        own = str(os.getpid())
        return sum(
            process.name != own and self._is_open_in(process)
            for process in Path("/proc").iterdir()
            if process.name.isdecimal()
        )

    def _is_open_in(self, process: Path) -> bool:
        with suppress(OSError):  # the process has ended, or belongs to another user
            for file in (process / "fd").iterdir():
                with suppress(OSError):
                    if file.readlink() == self._device:
                        return True
        return False


class DemandGate:
    """Demand gate: debounces the number of consumers into a demand for frames.

    Opens after `MIN_OPEN_S` with a consumer, closes after `RELEASE_AFTER_S` without one.

    Args:
        clock: monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._present_since_s: float | None = None
        self._last_present_s: float | None = None
        self._open = False

    def update(self, consumers: int) -> bool:
        """Update with the current number of consumers; return whether frames are needed."""
        now_s = self._clock()
        if consumers:
            if self._present_since_s is None:
                self._present_since_s = now_s
            self._last_present_s = now_s
            self._open |= now_s - self._present_since_s >= MIN_OPEN_S
        else:
            self._present_since_s = None
            if self._last_present_s is None or now_s - self._last_present_s >= RELEASE_AFTER_S:
                self._open = False
        return self._open

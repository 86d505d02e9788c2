"""Conversion processes as seen by the server: started when needed, asked, killed, reaped."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from vidstyle.child_process import background
from vidstyle.server.problems import Problem, from_document

TICK_S = 1.0  # between two calls of `on_tick` while nothing comes
PROGRAM = ("-m", "vidstyle.server.conversion")
END_S = 5.0  # for a process to end after its standard input did

Message = dict[str, Any]


class ProcessDied(Exception):  # noqa: N818 - not always an error: it may have been killed
    """The conversion process ended in the middle of a request."""


class ConversionProcess:
    """One conversion process; `kill` and `stop` belong to any thread, the rest to one."""

    def __init__(self, niceness: int = 0, program: Sequence[str] = PROGRAM) -> None:
        """Start nothing yet.

        Args:
            niceness: of the process, 0 to 19; higher ones leave the processor to others.
            program: words after Python's, which the niceness is added to.
        """
        self._niceness, self._program = niceness, program
        self._lock = threading.Lock()
        self._is_stopped = self._is_killed = False
        self._process: subprocess.Popen[str] | None = None
        self._messages: queue.Queue[Message | None] = queue.Queue()

    def ask(
        self,
        request: Message,
        limit_s: float,
        on_progress: Callable[[Message], None] = lambda progress: None,
        on_tick: Callable[[], None] = lambda: None,
    ) -> Message:
        """Send a request and wait for its answer.

        Args:
            request: "operation", its parameters, and "names", labels of the paths in it.
            limit_s: time after which the process is killed.
            on_progress: called with each report of progress.
            on_tick: called at least every `TICK_S`.

        Raises:
            Problem: the answer is one.
            ProcessDied: the process ended or was killed, or none is to be started.

        After any other exception, as of a callback, the process has ended, and the next request
        starts another.
        """
        self._send(request)
        try:
            message = self._last_message(limit_s, on_progress, on_tick)
        except BaseException:  # its answer would be taken for that of the next request
            self.kill()
            self._reap()
            raise
        if message is None:
            raise ProcessDied(f"exit code {self._reap()}")
        if "problem" in message:
            raise from_document(message["problem"])
        answer: Message = message["answer"]
        return answer

    def start(self) -> None:
        """Start the process ahead of a request, if there is none.

        Raises:
            ProcessDied: after `stop`.
        """
        with self._lock:
            if self._is_stopped:
                raise ProcessDied("stopped")
            if self._process is not None and self._is_killed:  # between two requests
                _reaped(self._process)
                self._process = None
            if self._process is None:
                self._process, self._is_killed = self._started(), False

    def kill(self) -> None:
        """End the process at once, in the middle of a request; the next one starts another."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._is_killed = True

    def stop(self) -> None:
        """End the process as `kill` does, and start no other."""
        with self._lock:
            self._is_stopped = True
        self.kill()

    def close(self) -> None:
        """End the process, if there is one; the next request starts another."""
        with self._lock:
            process = self._process
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            self._reap()

    def _last_message(
        self, limit_s: float, on_progress: Callable[[Message], None], on_tick: Callable[[], None]
    ) -> Message | None:
        """Wait for the answer or problem; None if the process ended; arguments of `ask`."""
        deadline_s = time.monotonic() + limit_s
        while True:
            try:
                message = self._messages.get(timeout=TICK_S)
            except queue.Empty:
                message = {}
            on_tick()
            if message is None or "answer" in message or "problem" in message:
                return message
            if "progress" in message:
                on_progress(message["progress"])
            if time.monotonic() > deadline_s:
                raise Problem(413, f"The server gave up after {limit_s:,.0f} seconds.")

    def _send(self, request: Message) -> None:
        line = json.dumps(request) + "\n"
        self.start()
        with self._lock:
            assert self._process is not None
            stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(line)
            stdin.flush()
        except OSError as error:
            raise ProcessDied(f"exit code {self._reap()}") from error

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *self._program, str(self._niceness)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **background(),  # Ctrl-C is for the server, which ends it in an orderly way
        )
        self._messages = queue.Queue()
        reader = threading.Thread(
            target=_read, args=(process, self._messages), name="conversion-reader", daemon=True
        )
        reader.start()
        return process

    def _reap(self) -> int:
        """Wait for the end of the process, and return its exit code."""
        with self._lock:
            process, self._process = self._process, None
        assert process is not None
        return _reaped(process)


def _reaped(process: "subprocess.Popen[str]") -> int:
    """Wait for the end of a process, and return its exit code."""
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(OSError):  # it ended before it had read all
                pipe.close()


def _read(process: "subprocess.Popen[str]", messages: "queue.Queue[Message | None]") -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            messages.put(json.loads(line))
    except ValueError:  # the pipe was closed, or the process was killed within a line
        pass
    messages.put(None)

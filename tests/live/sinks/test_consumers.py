"""Who has a file open: real processes, and a file in place of the device."""

import ctypes
import errno
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.live.scene import WAIT_S
from vidstyle.errors import SinkError
from vidstyle.live.sinks.consumers import MIN_OPEN_S, RELEASE_AFTER_S, ConsumerMonitor, DemandGate

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc and inotify")


class Clock:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "video10"
    path.write_bytes(b"frame")
    return path


@pytest.fixture
def watch(device: Path) -> Iterator[ConsumerMonitor]:
    watch = ConsumerMonitor(device)
    yield watch
    watch.close()


def reader(device: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["tail", "-f", str(device)], stdout=subprocess.DEVNULL)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def wait_for(watch: ConsumerMonitor, count: int) -> None:
    until(lambda: watch.count() == count)


def open_watches() -> int:
    """Number of inotify's open files in this process."""
    files = [file.resolve().name for file in Path("/proc/self/fd").iterdir()]
    return files.count("anon_inode:inotify")


def test_readers_are_counted_as_they_come_and_go(watch: ConsumerMonitor, device: Path) -> None:
    assert watch.count() == 0
    first, second = reader(device), reader(device)
    try:
        wait_for(watch, 2)
    finally:
        first.kill()
        second.kill()
    first.wait(WAIT_S)
    second.wait(WAIT_S)
    wait_for(watch, 0)


def test_who_was_there_before_counts_and_we_ourselves_do_not(device: Path) -> None:
    process = reader(device)
    try:
        files = Path(f"/proc/{process.pid}/fd")
        until(lambda: device.resolve() in [file.resolve() for file in files.iterdir()])
        with device.open("rb"):
            watch = ConsumerMonitor(device)
            wait_for(watch, 1)
    finally:
        process.kill()
        process.wait(WAIT_S)
    wait_for(watch, 0)
    watch.close()
    assert watch.count() == 0  # and asking a closed one is fine


def test_what_cannot_be_watched_is_said(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="cannot be watched"):
        ConsumerMonitor(tmp_path / "none")


def test_what_cannot_be_watched_leaves_no_file_open(tmp_path: Path) -> None:
    before = open_watches()
    with pytest.raises(SinkError):
        ConsumerMonitor(tmp_path / "none")
    assert open_watches() == before


def test_a_process_that_may_watch_nothing_more_is_told_why(
    device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(number: int) -> int:
        ctypes.set_errno(number)
        return -1

    libc = SimpleNamespace(
        inotify_init1=lambda flags: fail(errno.EMFILE),
        inotify_add_watch=lambda file, path, mask: fail(errno.EBADF),
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda name, use_errno: libc)
    with pytest.raises(SinkError, match="cannot be watched: Too many open files"):
        ConsumerMonitor(device)


def test_nobody_is_worked_for_until_somebody_reads_on_purpose() -> None:
    clock = Clock()
    gate = DemandGate(clock)
    assert not gate.update(0)
    assert not gate.update(1)  # may only ask what it is
    clock.now_s += MIN_OPEN_S + 0.01
    assert gate.update(1)


def test_a_program_that_looks_in_now_and_then_wakes_nobody() -> None:
    clock = Clock()
    gate = DemandGate(clock)
    for _ in range(20):
        assert not gate.update(1)
        clock.now_s += 0.1
        assert not gate.update(0)
        clock.now_s += 3.0


def test_work_goes_on_for_a_while_after_the_last_reader_left() -> None:
    clock = Clock()
    gate = DemandGate(clock)
    for _ in range(10):
        gate.update(1)
        clock.now_s += 0.1
    assert gate.update(0)
    clock.now_s += RELEASE_AFTER_S - 0.2
    assert gate.update(0)
    clock.now_s += 0.21
    assert not gate.update(0)

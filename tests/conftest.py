"""Fixtures of all tests: toy generators, one thread, and guards: errors logged, real time."""

import errno
import faulthandler
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.shelf import stock
from tests.toys import save_convolution
from vidstyle import assets
from vidstyle.media import output_lock
from vidstyle.options import StylizeOptions
from vidstyle.stylize import face_detector

if sys.platform == "win32":
    collect_ignore = ["faults"]  # runs that are forked and killed

# A caller in the background hands on ignored signals; tests that send some need their usual effect.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Tests, and the programs that they start, would compile all modules each time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

gc.disable()  # while modules and tests are loaded, which stay


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the fuzz and fault suite, tests/faults."""
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz-minutes", type=float, default=5.0, help="time of all kinds of cases")
    group.addoption("--fuzz-seed", type=int, default=1, help="another seed, other cases")
    group.addoption("--fuzz-case", type=int, help="run only the case of this number")
    group.addoption("--fuzz-report", type=Path, help="append the totals to this file, as JSON")
    group.addoption("--fuzz-findings", type=Path, help="keep the cases with faults in this folder")


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's cache folder, of child processes too: predictions of paintings go there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


class ErrorLog(logging.Handler):
    """Log handler that keeps the messages of records at ERROR and above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages = list[str]()

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(f"{record.name}: {record.getMessage()}")

    def taken(self) -> list[str]:
        """Return the messages since the last call."""
        messages, self.messages = self.messages, []
        return messages


@pytest.fixture(scope="session", autouse=True)
def error_log() -> Iterator[ErrorLog]:
    """Errors of all loggers, including those logged by fixtures of modules."""
    handler = ErrorLog()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.fixture(autouse=True)
def no_logged_errors(request: pytest.FixtureRequest, error_log: ErrorLog) -> Iterator[None]:
    """Fail a test that logged an error, unless it is marked `logs_errors`.

    Exceptions that end a thread or come from a finalizer are pytest's warnings, hence errors.
    """
    yield
    messages = error_log.taken()
    if messages and request.node.get_closest_marker("logs_errors") is None:
        pytest.fail("Errors were logged:\n" + "\n".join(messages), pytrace=False)


@pytest.fixture(autouse=True)
def time_for_slow_tests(request: pytest.FixtureRequest) -> None:
    """Let slow tests take longer than `faulthandler_timeout`; limits of their own remain."""
    if request.node.get_closest_marker("slow") is not None:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def no_real_time() -> Iterator[None]:
    """Fail a test that changes its thread's scheduling policy, which later threads inherit."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getscheduler(0)
    yield
    after = os.sched_getscheduler(0)
    if after != before:
        os.sched_setscheduler(0, before, os.sched_param(0))
    assert after == before


@pytest.fixture(scope="module", autouse=True)
def short_collections() -> None:
    """Keep what is loaded by now out of garbage collections, one a conversion at least."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """One thread for PyTorch: several, on pictures this small, mostly wait for each other."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def inverter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy generator that inverts colors, an .onnx file."""
    weight = -np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    return save_convolution(tmp_path_factory.mktemp("styles") / "inverter.onnx", weight)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_faces: None) -> Path:
    """Models folder with toys for shipped styles: negative (the default), white, warm."""
    (tmp_path / "shelf").mkdir()
    folder = stock(tmp_path / "shelf")
    monkeypatch.setattr(assets, "models_folder", lambda: folder)
    return folder


@pytest.fixture
def no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """No search for faces, which takes longer than all else where toys paint small pictures."""
    monkeypatch.setattr(face_detector, "_seen", lambda picture, part: np.empty((0, 5), np.float32))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Live sessions that wait for paintings and frames, however long the machine stalls."""
    monkeypatch.setattr("vidstyle.live.stylizer.MAX_WAIT_SHARE", 1e4)
    monkeypatch.setattr("vidstyle.live.renderer.NO_SIGNAL_S", 60.0)
    monkeypatch.setattr("vidstyle.live.session.CAMERA_PATIENCE_S", 60.0)


@pytest.fixture
def no_new_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders in which no lock file can be made, as read-only ones are for most users."""

    open_file = os.open

    def opened(path: os.PathLike[str], *arguments: int) -> int:
        if str(path).endswith(".lock"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open_file(path, *arguments)

    monkeypatch.setattr(os, "open", opened)


@pytest.fixture
def no_file_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without file locks, as some network drives."""

    def try_lock(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(output_lock, "_try_lock", try_lock)


@pytest.fixture
def inverting(inverter: Path) -> StylizeOptions:
    """Options with the toy generator `inverter` as style."""
    return StylizeOptions(style=str(inverter))

"""Fixtures of the server's tests."""

import functools
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.clips import patches
from tests.server.client import Client
from tests.server.running import LOOP_THREAD, ServerThread, running
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.jobs import JobStore


class Clock:
    """Time of day that a test sets."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="session", autouse=True)
def no_blocked_loop() -> Iterator[None]:
    """Servers whose event loop may not wait for the database or a disk: the request fails then."""
    waits = [(Database, "transaction"), (shutil, "rmtree"), (shutil, "disk_usage")]
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in waits:
            patch.setattr(owner, name, off_the_loop(getattr(owner, name)))
        yield


def off_the_loop(call: Callable[..., Any]) -> Callable[..., Any]:
    """Function that may be called in all threads but that of a server's event loop."""

    @functools.wraps(call)
    def checked(*args: Any, **keywords: Any) -> Any:
        assert threading.current_thread().name != LOOP_THREAD, f"{call} blocks the event loop"
        return call(*args, **keywords)

    return checked


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    """A server without a token, shared by the tests of a module."""
    with running(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def client(server: ServerThread) -> Client:
    return server.client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "a.sqlite")
    yield database
    database.close()


@pytest.fixture
def store(tmp_path: Path, database: Database, clock: Clock) -> JobStore:
    """An empty queue."""
    return JobStore(tmp_path / "jobs", database, Changes(), clock)


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A small JPEG."""
    return encoded(96, 72)


@pytest.fixture(scope="session")
def painting(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A painting that ships with vidstyle."""
    return (Path(__file__).parents[2] / "models/paintings/munch-the-scream.jpg").read_bytes()


def encoded(width: int, height: int, suffix: str = ".jpg") -> bytes:
    """Content of a picture file."""
    return cv2.imencode(suffix, patches(width, height))[1].tobytes()

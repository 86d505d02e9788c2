"""Clients of a soak test: each does its turn, and failures are counted."""

import os
import threading
from collections.abc import Iterator

import pytest

from tests.server.running import ServerThread, running, use_toys
from tools.benchmarks import server_load
from tools.benchmarks.server import Connection
from tools.benchmarks.server_load import ServerLoad


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    with running(tmp_path_factory.mktemp("data")) as server:
        use_toys(server.service)
        yield server


@pytest.fixture
def load(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> ServerLoad:
    monkeypatch.setattr(server_load, "VIEWER_FRAMES", 1)
    monkeypatch.setattr(server_load, "VIEWER_S", 0.1)
    monkeypatch.setattr(server_load, "STYLE", "udnie-17k")
    return ServerLoad(server.client.port, os.getpid(), b"video")


def test_each_turn_succeeds_and_leaves_nothing(server: ServerThread, load: ServerLoad) -> None:
    load.paint_pictures()
    load.watch_live()
    load.convert_film()
    load.convert_film()  # in another strength, else the upload was in use
    assert server.client.get("jobs").json["jobs"] == []
    assert server.client.get("uploads").json["uploads"] == []


def test_the_cache_is_filled_with_distinct_pictures(
    load: ServerLoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted = list[bytes]()

    def paint(_: Connection, content: bytes) -> int:
        painted.append(content)
        return 400

    monkeypatch.setattr(server_load, "PICTURE_CACHE_BYTES", 1000)
    monkeypatch.setattr(Connection, "paint", paint)
    load.fill_cache()
    assert len(set(painted)) == len(painted) == 3


def test_failures_are_counted_and_the_others_go_on(
    load: ServerLoad, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = threading.Barrier(4)

    def fail() -> None:
        turns.wait(60)
        raise OSError("no server")

    def succeed() -> None:
        turns.wait(60)

    monkeypatch.setattr(load, "paint_pictures", fail)
    monkeypatch.setattr(load, "watch_live", succeed)
    monkeypatch.setattr(load, "convert_film", succeed)
    with load.running():
        turns.wait(60)
    assert (load.done, load.failed) == (3, 1)

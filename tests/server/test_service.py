"""One server works on a data folder, and leaves it in order."""

import errno
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.clips import Clip
from tests.look import look
from tests.server.running import running
from vidstyle.errors import OptionError
from vidstyle.options import ServeOptions
from vidstyle.server import service
from vidstyle.server.service import Service
from vidstyle.server.uploads import UploadStore
from vidstyle.server.worker import Worker


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(OptionError, match="Another server uses the folder"):
        Service(ServeOptions(data=str(tmp_path)))
    Service(ServeOptions(data=str(tmp_path))).close()


@pytest.mark.usefixtures("no_new_locks")
def test_data_that_cannot_be_written_are_not_said_to_be_in_use(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"server: Permission denied\. Choose another"):
        Service(ServeOptions(data=str(tmp_path)))


def test_a_server_that_does_not_start_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = list[Worker]()

    def second_fails(*arguments: Any) -> Worker:
        if workers:
            raise RuntimeError("can't start new thread")
        workers.append(Worker(*arguments))
        return workers[0]

    monkeypatch.setattr(service, "Worker", second_fails)
    try:
        with pytest.raises(RuntimeError, match="new thread") as caught:
            Service(ServeOptions(data=str(tmp_path)))
        assert not workers[0]._thread.is_alive()
        monkeypatch.undo()
        Service(ServeOptions(data=str(tmp_path))).close()  # while `caught` holds the first
        assert caught.value.args
    finally:
        workers[0].close()


def test_data_with_commas_cannot_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="without commas"):
        Service(ServeOptions(data=str(tmp_path / "a,b")))


@pytest.mark.logs_errors
def test_an_error_does_not_end_the_housekeeper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, again = list[float](), threading.Event()

    def full_once(store: UploadStore, keep_s: float) -> None:
        calls.append(keep_s)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        again.set()

    monkeypatch.setattr(UploadStore, "expire", full_once)
    monkeypatch.setattr(service, "HOUSEKEEPING_S", 0.01)
    with Service(ServeOptions(data=str(tmp_path))):
        assert again.wait(60)


def test_a_film_goes_in_and_comes_out_painted(tmp_path: Path) -> None:
    film = Clip(frames=6, size_wh=(64, 48)).write(tmp_path / "a.mp4").read_bytes()
    with running(tmp_path / "data") as server:
        client = server.client
        upload = client.post("uploads", {"name": "holiday.mp4", "bytes": len(film)}).json["id"]
        media = client.ask("PUT", f"uploads/{upload}/content", film).json["media"]
        assert (media["kind"], media["frames"]) == ("video", 6)
        order = {"upload": upload, "options": {"style": "udnie-17k", "preset": "ultrafast"}}
        id = client.post("jobs", order).json["id"]
        assert b"event: job" in client.get(f"jobs/{id}/events").content
        job = client.get(f"jobs/{id}").json
        assert (job["state"], job["result"]["frames"]) == ("done", 6)
        (tmp_path / "out.mp4").write_bytes(client.get(f"jobs/{id}/result").content)
    assert len(look(tmp_path / "out.mp4").times) == 6

"""One server works on a data folder, and leaves it in order."""

from pathlib import Path

import pytest

from tests.clips import Clip
from tests.look import look
from tests.server.running import running
from vidstyle.errors import OptionError
from vidstyle.options import ServeOptions
from vidstyle.server.service import Service


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with running(tmp_path), pytest.raises(OptionError, match="Another server uses the folder"):
        Service(ServeOptions(data=str(tmp_path)))
    Service(ServeOptions(data=str(tmp_path))).close()


def test_data_with_commas_cannot_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="without commas"):
        Service(ServeOptions(data=str(tmp_path / "a,b")))


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

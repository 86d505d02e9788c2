"""A server that is killed at work loses nothing: the next one goes on."""

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clips import Clip
from tests.look import look
from tests.server.client import Client
from tests.server.routes.test_jobs import events, finished, uploaded
from vidstyle.apps.convert import stylize_video
from vidstyle.options import StylizeOptions
from vidstyle.server.limits import ATTEMPTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@contextmanager
def serving(
    data: Path, prefix: Sequence[str] = ()
) -> Iterator[tuple[Client, "subprocess.Popen[str]"]]:
    """Run `vidstyle serve` for the block, and kill it after that."""
    command = [
        *prefix,
        sys.executable,
        "-m",
        "vidstyle",
        "serve",
        "--port",
        "0",
        "--data",
        str(data),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
            assert found is not None
            yield Client(int(found[1])), process
        finally:
            process.kill()


def test_jobs_and_uploads_outlive_a_kill(tmp_path: Path) -> None:
    film = Clip(frames=60, size_wh=(320, 240)).write(tmp_path / "a.mp4").read_bytes()
    with serving(tmp_path / "data") as (client, process):
        first = client.post("jobs", {"upload": uploaded(client, film)}).json["id"]
        order = {"upload": uploaded(client, film), "options": {"style": "udnie"}}
        second = client.post("jobs", order).json["id"]
        half = client.post("uploads", {"name": "b.mp4", "bytes": len(film)}).json["id"]
        content = f"uploads/{half}/content"
        client.ask("PATCH", content, film[:1000], {"Upload-Offset": "0"})
        for _, job in events(client, f"jobs/{first}/events"):
            if job["state"] == "running":
                break
        process.kill()
    with serving(tmp_path / "data") as (client, _):
        for id, attempts in ((first, 2), (second, 1)):
            job = finished(client, id)
            assert (job["state"], job["attempts"]) == ("done", attempts)
            (tmp_path / "out.mp4").write_bytes(client.get(f"jobs/{id}/result").content)
            assert len(look(tmp_path / "out.mp4").times) == 60
        rest = client.ask("PATCH", content, film[1000:], {"Upload-Offset": "1000"})
        assert rest.json["state"] == "complete"


def test_an_orderly_end_says_what_happens_to_the_queue(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as (client, process):
        assert client.get("health").status == 200
        process.terminate()
        assert process.wait(60) == 143


@pytest.mark.parametrize("seed", range(4))
def test_a_film_goes_on_from_its_parts_after_kills(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    film = Clip(frames=700, rate=10, options={"preset": "ultrafast"}).write(tmp_path / "a.mp4")
    begun = time.monotonic()
    stylize_video(film, tmp_path / "whole.mp4", StylizeOptions(every=6))
    whole_s = time.monotonic() - begun
    order, id = {"options": {"every": 6}}, ""
    for kill in range(ATTEMPTS - 1):
        with serving(tmp_path / "data") as (client, process):
            if not kill:
                upload = uploaded(client, film.read_bytes())
                id = client.post("jobs", order | {"upload": upload}).json["id"]
            before = parts(tmp_path)
            begun = time.monotonic()
            for _, job in events(client, f"jobs/{id}/events"):
                passed_s = time.monotonic() - begun
                if job["state"] == "done" or passed_s > chance.random() * whole_s:
                    break
            process.kill()
            process.wait(60)
        assert not before - parts(tmp_path) or job["state"] == "done"
    with serving(tmp_path / "data") as (client, _):
        job = finished(client, id)
        assert (job["state"], job["result"]["frames"]) == ("done", 700)
        (tmp_path / "out.mp4").write_bytes(client.get(f"jobs/{id}/result").content)
    assert not parts(tmp_path)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def parts(folder: Path) -> set[Path]:
    """Finished parts of jobs."""
    return set(folder.glob("data/jobs/*/*.work/parts/[!.]*"))

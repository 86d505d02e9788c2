"""Jobs over the network: created, followed, cancelled, retried, deleted, and their results."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.client import Client
from tests.server.running import ServerThread, running, use_toys


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    with running(tmp_path_factory.mktemp("data")) as server:
        use_toys(server.service)
        yield server


def uploaded(client: Client, content: bytes, name: str = "holiday.mp4") -> str:
    """Id of a complete upload."""
    upload = client.post("uploads", {"name": name, "bytes": len(content)}).json
    assert client.ask("PUT", f"uploads/{upload['id']}/content", content).status == 200
    id: str = upload["id"]
    return id


def events(client: Client, path: str, last: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield kinds and data of events until the stream ends."""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    connection.request("GET", f"/api/v1/{path}", headers={"Last-Event-ID": str(last)})
    response = connection.getresponse()
    assert response.headers["content-type"].startswith("text/event-stream")
    kind = ""
    try:
        for line in response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "event":
                kind = value
            elif name == "data":
                yield kind, json.loads(value)
    finally:
        response.close()
        connection.close()


def finished(client: Client, id: str) -> dict[str, Any]:
    """The job in its last state."""
    *_, (_, job) = events(client, f"jobs/{id}/events")
    return job


def started(client: Client, content: bytes) -> str:
    """Id of a job at work that made progress."""
    job = client.post("jobs", {"upload": uploaded(client, content)}).json
    for _, state in events(client, f"jobs/{job['id']}/events"):
        if state["progress"]:
            break
    id: str = job["id"]
    return id


def test_a_film_is_converted_and_given(client: Client) -> None:
    order = {"upload": uploaded(client, b"video 1"), "options": {"style": "Udnie"}}
    created = client.post("jobs", order)
    assert created.status == 201
    assert created.json["command"] == "vidstyle holiday.mp4 --style udnie -o holiday.udnie.mp4"
    job = finished(client, created.json["id"])
    assert (job["state"], job["error"]) == ("done", None)
    assert job["result"]["name"] == "holiday.udnie.mp4"
    answer = client.get(job["result"]["url"], Range="bytes=0-4")
    assert (answer.status, answer.content) == (206, b"video")
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"].startswith("inline")
    saved = client.get(f"{job['result']['url']}?download=1")
    assert saved.headers["content-disposition"].startswith("attachment")
    again = client.post("jobs", order)
    assert (again.status, again.json["id"]) == (200, job["id"])
    assert again.json["result"]["cached"]


def test_a_result_can_be_the_input(client: Client) -> None:
    first = client.post("jobs", {"upload": uploaded(client, b"video 2")}).json["id"]
    conflict = client.post("jobs", {"job": first, "options": {"strength": 0.5}})
    finished(client, first)
    order = {"job": first, "options": {"strength": 0.5}, "format": "mkv"}
    second = client.post("jobs", order).json
    assert conflict.status in (201, 409)
    assert second["input"]["job"] == first
    assert finished(client, second["id"])["result"]["type"] == "video/x-matroska"


def test_photos_and_previews_keep_their_format(client: Client) -> None:
    photo = client.post("jobs", {"upload": uploaded(client, b"photo", "me.jpeg")}).json
    assert (photo["format"], photo["command"].split()[1]) == ("jpg", "image")
    preview = client.post("jobs", {"upload": uploaded(client, b"video 3"), "preview": True}).json
    assert preview["format"] == "png" and "--preview" in preview["command"]
    for job in (photo, preview):
        assert finished(client, job["id"])["state"] == "done"


def test_a_job_at_work_is_cancelled_retried_and_deleted(client: Client) -> None:
    id = started(client, b"video slow")
    assert client.get(f"jobs/{id}/result").status == 409
    assert client.post(f"jobs/{id}/retry").status == 409
    cancelled = client.post(f"jobs/{id}/cancel")
    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    assert client.post(f"jobs/{id}/cancel").status == 409
    assert client.post(f"jobs/{id}/retry").json["state"] == "queued"
    assert client.ask("DELETE", f"jobs/{id}").status == 204
    assert client.get(f"jobs/{id}").status == 404


def test_small_pictures_pass_a_film(client: Client) -> None:
    film = started(client, b"video slow 2")
    photo = client.post("jobs", {"upload": uploaded(client, b"photo 2", "me.png")}).json
    assert finished(client, photo["id"])["state"] == "done"
    assert client.get(f"jobs/{film}").json["state"] == "running"
    client.ask("DELETE", f"jobs/{film}")


def test_an_input_at_work_and_its_style_stay(client: Client, painting: bytes) -> None:
    style = client.post("styles?name=scream.jpg", painting).json["id"]
    upload = uploaded(client, b"video slow 3")
    job = client.post("jobs", {"upload": upload, "options": {"style": style}}).json
    assert "--style scream.jpg" in job["command"]
    assert job["command"].endswith("-o holiday.scream.mp4")
    assert client.ask("DELETE", f"styles/{style}").status == 409
    assert client.ask("DELETE", f"uploads/{upload}").status == 409
    assert client.ask("DELETE", f"jobs/{job['id']}").status == 204
    assert client.ask("DELETE", f"uploads/{upload}").status == 204
    assert client.ask("DELETE", f"styles/{style}").status == 204


def test_a_process_that_dies_each_time_is_a_failure(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    job = client.post("jobs", {"upload": uploaded(client, b"video die")}).json
    failed = finished(client, job["id"])
    assert (failed["state"], failed["attempts"]) == ("failed", 3)
    assert "died 3 times" in failed["error"]["detail"]
    other = client.post("jobs", {"upload": uploaded(client, b"video 4")}).json
    assert finished(client, other["id"])["state"] == "done"


def test_events_go_on_from_the_last_one(client: Client) -> None:
    id = client.post("jobs", {"upload": uploaded(client, b"video 5")}).json["id"]
    finished(client, id)
    revision = client.get("jobs").json["revision"]
    client.ask("DELETE", f"jobs/{id}")
    assert next(events(client, "events", revision)) == ("deleted", {"id": id})
    assert next(events(client, "events", 10**9)) == ("reset", {})
    assert client.get("events?last_event_id=x").status == 400


def test_the_list_is_paged(client: Client) -> None:
    jobs = client.get("jobs?limit=2").json["jobs"]
    assert len(jobs) == 2 and jobs[0]["created"] >= jobs[1]["created"]
    older = client.get(f"jobs?limit=1000&before={jobs[1]['created']}").json["jobs"]
    assert not {job["id"] for job in jobs} & {job["id"] for job in older}
    for query in ("limit=0", "limit=x", "before=nan", "offset=2"):
        assert client.get(f"jobs?{query}").status == 422


def test_wrong_orders_are_named(client: Client) -> None:
    upload = uploaded(client, b"video 6")
    for order, status in (
        ({}, 422),
        ({"upload": "../../etc/passwd"}, 404),
        ({"upload": upload, "job": upload}, 422),
        ({"upload": upload, "format": "exe"}, 422),
        ({"upload": upload, "format": "jpg"}, 422),
        ({"upload": upload, "options": {"style": "/etc/passwd.txt"}}, 422),
        ({"upload": upload, "options": {"strength": 7}}, 422),
        ({"upload": upload, "options": []}, 422),
        ({"job": "nothing"}, 404),
        ({"upload": upload, "url": "http://169.254.169.254/"}, 422),
    ):
        answer = client.post("jobs", order)
        assert (answer.status, bool(answer.detail)) == (status, True), order
    client_name = {"X-Vidstyle-Client": "a b"}
    assert client.ask("POST", "jobs", {"upload": upload}, client_name).status == 400

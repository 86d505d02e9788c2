"""A job tells clients all they need, and no more."""

from dataclasses import replace

from tests.server.test_jobs import RESULT, SPEC
from vidstyle.server.job import DONE, FILMS, QUEUED, Job

WAITING = Job(
    id="a", revision=3, state=QUEUED, lane=FILMS, upload="u", job=None, spec=SPEC, created=1.0,
    started=None, finished=None, attempts=0, lease=0, progress=None, note=None, error=None,
    result=None, position=2,
)  # fmt: skip


def test_a_waiting_job_tells_its_input_and_its_place() -> None:
    document = WAITING.document()
    assert document["input"] == {"upload": "u", "job": None, "name": "a.mp4", "kind": "video"}
    assert (document["position"], document["result"]) == (2, None)
    assert "lane" not in document


def test_a_result_has_a_name_and_an_address_and_keeps_its_digest() -> None:
    result = replace(WAITING, state=DONE, result=RESULT, position=None).document()["result"]
    assert result["name"] == "a.udnie.mp4"
    assert result["url"] == "/api/v1/jobs/a/result"
    assert "sha256" not in result

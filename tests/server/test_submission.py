"""Equal orders have the same id, and all that changes a result changes it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.job import FILMS, QUICK
from vidstyle.server.jobs import JobStore
from vidstyle.server.problems import Problem
from vidstyle.server.shelf import StyleShelf
from vidstyle.server.submission import Submission
from vidstyle.server.uploads import UploadStore

Upload = Callable[[bytes, str], str]


@pytest.fixture
def uploads(tmp_path: Path) -> Iterator[tuple[Submission, Upload]]:
    database = Database(tmp_path / "a.sqlite")
    store = UploadStore(tmp_path / "uploads", database, 1000)
    jobs = JobStore(tmp_path / "jobs", database, Changes())
    submission = Submission(StyleShelf(tmp_path / "styles"), store, jobs)

    def upload(content: bytes, name: str) -> str:
        id = store.create(name, len(content)).id
        with store.receiving(id, None) as receiver:
            receiver.write(content)
        kind = "photo" if name.endswith(("jpg", "png")) else "video"
        facts = {"kind": kind, "width": 4, "height": 3, "frames": 9, "seconds": 20_000}
        return store.complete(id, facts).id

    yield submission, upload
    database.close()


def test_equal_orders_are_one_job(uploads: tuple[Submission, Upload]) -> None:
    submission, upload = uploads
    orders: list[dict[str, Any]] = [
        {"upload": upload(b"a", "a.mp4"), "options": {"style": "Udnie"}},
        {"upload": upload(b"a", "b.mp4"), "options": {"style": "udnie", "strength": 1}},
        {"upload": upload(b"a", "a.mp4"), "options": {"style": "udnie"}, "format": "mp4"},
    ]
    assert len({submission.new_job(order, "me").id for order in orders}) == 1


def test_all_that_changes_a_result_changes_the_id(uploads: tuple[Submission, Upload]) -> None:
    submission, upload = uploads
    a = upload(b"a", "a.mp4")
    orders: list[dict[str, Any]] = [
        {"upload": a},
        {"upload": upload(b"b", "a.mp4")},
        {"upload": a, "options": {"style": "udnie"}},
        {"upload": a, "options": {"style": "udnie:0.5,scream:0.5"}},
        {"upload": a, "options": {"style_per_scene": "all"}},
        {"upload": a, "options": {"strength": 0.5}},
        {"upload": a, "options": {"size": "720p"}},
        {"upload": a, "options": {"fps": 12.5}},
        {"upload": a, "options": {"bitrate": "2M"}},
        {"upload": a, "format": "mkv"},
        {"upload": a, "preview": True},
    ]
    assert len({submission.new_job(order, "me").id for order in orders}) == len(orders)


def test_the_lane_and_the_cost_follow_the_work(uploads: tuple[Submission, Upload]) -> None:
    submission, upload = uploads
    film, photo = upload(b"a", "a.mp4"), upload(b"b", "b.jpg")
    lanes = [
        submission.new_job(order, "me").lane
        for order in (
            {"upload": film},
            {"upload": film, "preview": True},
            {"upload": photo},
            {"upload": photo, "options": {"quality": "full"}},
        )
    ]
    assert lanes == [FILMS, QUICK, QUICK, FILMS]
    fast = submission.new_job({"upload": film}, "me").cost_s
    assert submission.new_job({"upload": film, "options": {"quality": "full"}}, "me").cost_s > fast


@pytest.mark.parametrize(
    ("name", "options", "command"),
    [
        ("a b.mp4", {"keep_colors": True}, "'a b.mp4' --style great-wave --keep-colors"),
        ("a.mp4", {"style": "0:udnie 2:scream"}, "a.mp4 --style '0.000:udnie/0.000 2.000:scream"),
        ("a.jpg", {"max_height": 99}, "image a.jpg --style great-wave --max-height 99"),
    ],
)
def test_the_command_line_is_the_same_job(
    uploads: tuple[Submission, Upload], name: str, options: dict[str, Any], command: str
) -> None:
    submission, upload = uploads
    job = submission.new_job({"upload": upload(b"a", name), "options": options}, "me")
    assert job.spec["command"].startswith(f"vidstyle {command}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": "8192x8192"}, "would be 8192x8192 px, over 35 megapixels"),
        ({"fps": 120}, "would have 2,400,000 frames, over 2,000,000"),
    ],
)
def test_a_result_over_the_limits_is_refused(
    uploads: tuple[Submission, Upload], options: dict[str, Any], words: str
) -> None:
    submission, upload = uploads
    film = upload(b"a", "a.mp4")
    for source in ({"upload": film}, {"job": finished(submission, film)}):
        with pytest.raises(Problem, match=words) as caught:
            submission.new_job({**source, "options": options}, "me")
        assert (caught.value.status, list(caught.value.settings)) == (422, list(options))


def finished(submission: Submission, upload: str) -> str:
    """Id of a job whose result is as long as the upload."""
    jobs = submission._jobs
    jobs.submit(submission.new_job({"upload": upload}, "me"))
    job = jobs.leases.claim(FILMS)
    assert job is not None
    facts = {"width": 4, "height": 3, "frames": 9, "duration_s": 20_000, "seconds": 1.5}
    assert jobs.leases.finish(job, facts | {"bytes": 1, "sha256": "0"})
    return job.id

"""The inspector asks its process once for each still, and outlives its death."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.server.running import TOY
from vidstyle.server import limits
from vidstyle.server.inspector import Inspector
from vidstyle.server.problems import Problem
from vidstyle.server.process import ConversionProcess
from vidstyle.server.uploads import Upload


@pytest.fixture
def inspector() -> Iterator[Inspector]:
    inspector = Inspector()
    inspector.process = ConversionProcess(program=TOY)
    yield inspector
    inspector.close()


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    (tmp_path / "content").write_bytes(b"video")
    return Upload("id", "holiday.mp4", 5, 5, 0.0, tmp_path / "content", None, None)


def test_a_still_is_taken_once(inspector: Inspector, upload: Upload) -> None:
    assert asyncio.run(inspector.still(upload, 360, None)) == b"video"
    upload.path.write_bytes(b"other")
    assert asyncio.run(inspector.still(upload, 360, None)) == b"video"
    assert asyncio.run(inspector.still(upload, 360, 1.0)) == b"other"


def test_a_death_is_a_problem_of_that_file_alone(inspector: Inspector, upload: Upload) -> None:
    upload.path.write_bytes(b"crash")
    with pytest.raises(Problem, match=r"holiday.mp4 cannot be read: the process .* died"):
        asyncio.run(inspector.probe(upload))
    upload.path.write_bytes(b"video")
    assert asyncio.run(inspector.probe(replace(upload)))["kind"] == "video"


def test_an_idle_process_is_ended(
    inspector: Inspector, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IDLE_PROCESS_S", 0.0)
    inspector.warm()
    inspector.rest()
    assert asyncio.run(inspector.probe(upload))["kind"] == "video"

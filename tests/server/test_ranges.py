"""Files are given whole or in one range, and not again to clients that have them."""

import asyncio
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vidstyle.server.problems import Problem
from vidstyle.server.ranges import file_answer

CONTENT = bytes(range(100))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "result.mp4"
    file.write_bytes(CONTENT)
    return file


def answer(file: Path, method: str = "GET", name: str = "a.mp4", **headers: str) -> Response:
    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    request = Request({"type": "http", "method": method, "headers": raw})
    return file_answer(
        request, file, media_type="video/mp4", digest="d1", name=name, save="é" in name
    )


def content(response: Response) -> bytes:
    async def read() -> bytes:
        assert isinstance(response, StreamingResponse)
        return b"".join([bytes(part) async for part in response.body_iterator])  # type: ignore[arg-type]

    return asyncio.run(read())


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=90-", 90, 99), ("bytes=-5", 95, 99), ("bytes=50-999", 50, 99)],
)
def test_a_range_is_given(file: Path, asked: str, first: int, last: int) -> None:
    response = answer(file, range=asked)
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes {first}-{last}/100"
    assert content(response) == CONTENT[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-5", "bytes=-", "lines=1-2", ""])
def test_other_ranges_get_the_whole_file(file: Path, asked: str) -> None:
    response = answer(file, range=asked)
    assert response.status_code == 200
    assert content(response) == CONTENT


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=-0", "bytes=500-600"])
def test_a_range_outside_is_refused(file: Path, asked: str) -> None:
    with pytest.raises(Problem) as caught:
        answer(file, range=asked)
    assert caught.value.status == 416


def test_a_range_of_another_version_gets_the_whole_file(file: Path) -> None:
    assert content(answer(file, range="bytes=0-9", if_range='"old"')) == CONTENT
    assert content(answer(file, range="bytes=0-9", if_range='"d1"')) == CONTENT[:10]


def test_a_client_that_has_it_gets_it_not_again(file: Path) -> None:
    for known in ('"d1"', 'W/"d1"', '"d0", "d1"', "*"):
        assert answer(file, if_none_match=known).status_code == 304
    assert content(answer(file, if_none_match='"d0"')) == CONTENT


def test_head_tells_the_length_alone(file: Path) -> None:
    response = answer(file, "HEAD")
    assert (response.headers["content-length"], response.body) == ("100", b"")


def test_a_name_for_saving_is_safe_in_the_header(file: Path) -> None:
    shown = answer(file).headers["content-disposition"]
    assert shown == "inline; filename=\"a.mp4\"; filename*=UTF-8''a.mp4"
    saved = answer(file, name='é"\r\n%.mp4').headers["content-disposition"]
    assert saved == "attachment; filename=\"_____.mp4\"; filename*=UTF-8''%C3%A9%22%0D%0A%25.mp4"


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        answer(tmp_path / "gone.mp4")
    assert caught.value.status == 404

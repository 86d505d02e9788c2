"""A picture is painted once, and given from the cache after that."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from vidstyle.options import StylizeOptions
from vidstyle.server.pictures import PaintedPicture, PictureOrder, PicturePainter
from vidstyle.server.problems import Problem
from vidstyle.server.shelf import StyleShelf


@pytest.fixture
def painter(shelf: Path, tmp_path: Path) -> Iterator[PicturePainter]:
    painter = PicturePainter(StyleShelf(tmp_path / "own"), cores=1)
    yield painter
    painter.close()


def test_equal_orders_at_once_are_painted_once(
    painter: PicturePainter, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted = counted(painter, monkeypatch)
    order, other = (PictureOrder.of(StylizeOptions(strength=s), "png") for s in (1, 0.5))

    async def ask() -> list[PaintedPicture]:
        orders = (order, order, other, order)
        first = await asyncio.gather(*(painter.paint(photo, each) for each in orders))
        return [*first, await painter.paint(photo, order)]

    answers = asyncio.run(ask())
    assert len(painted) == 2
    assert [answer.cached for answer in answers] == [False] * 4 + [True]
    assert answers[0].content == answers[4].content != answers[2].content
    assert answers[0].etag == answers[4].etag != answers[2].etag


def test_a_failure_is_told_to_all_who_wait_and_not_kept(
    painter: PicturePainter, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted, order = counted(painter, monkeypatch), PictureOrder.of(StylizeOptions(), "jpg")

    async def ask() -> list[object]:
        return await asyncio.gather(
            *(painter.paint(b"no picture", order) for _ in range(2)), return_exceptions=True
        )

    for count in (1, 2):
        problems = asyncio.run(ask())
        assert all(isinstance(p, Problem) and p.status == 415 for p in problems)
        assert len(painted) == count


def counted(painter: PicturePainter, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Contents that the painter paints from now on."""
    contents, paint = list[bytes](), painter._painted

    def counting(content: bytes, order: PictureOrder) -> bytes:
        contents.append(content)
        return paint(content, order)

    monkeypatch.setattr(painter, "_painted", counting)
    return contents

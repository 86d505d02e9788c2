"""The Python of docs/python.md and README.md, run as printed."""

import asyncio
import io
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.clips import Clip, patches
from tests.look import look
from tests.test_public_names import PAGES, ROOT, python_blocks
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.stylize.catalog import find_style
from vidstyle.training.results import TrainResult

Pixels = NDArray[np.uint8]

BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(python_blocks(page), start=1)
]
CAMERA_FRAMES = 12
SIZE_WH = (160, 120)
ESCAPE = 27


@dataclass
class Desktop:
    """OpenCV's camera and window: plays the sample clip, and keeps the pictures shown."""

    shown: list[Pixels] = field(default_factory=list)

    def open(self, device: int) -> cv2.VideoCapture:
        assert device == 0
        return _video_capture(str(ROOT / "samples/demo.mp4"))

    def show(self, title: str, image: Pixels) -> None:
        self.shown.append(image)

    def wait_key(self, milliseconds: int) -> int:
        return ESCAPE if len(self.shown) == CAMERA_FRAMES else -1


_video_capture = cv2.VideoCapture


@dataclass
class Request:
    """Starlette's request, as far as the example uses it."""

    content: bytes

    async def body(self) -> bytes:
        return self.content


@dataclass
class Response:
    """Starlette's response."""

    body: bytes
    media_type: str


@dataclass
class Route:
    """Starlette's route."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]
    methods: list[str]


@dataclass
class Starlette:
    """Starlette's application."""

    routes: list[Route]


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> Desktop:
    desktop = Desktop()
    monkeypatch.setattr(cv2, "VideoCapture", desktop.open)
    monkeypatch.setattr(cv2, "imshow", desktop.show, raising=False)
    monkeypatch.setattr(cv2, "waitKey", desktop.wait_key, raising=False)
    return desktop


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of the example's web framework, which is not installed."""
    parts = {"applications": Starlette, "requests": Request, "responses": Response}
    monkeypatch.setitem(sys.modules, "starlette", ModuleType("starlette"))
    for name, part in (parts | {"routing": Route}).items():
        module = ModuleType(f"starlette.{name}")
        setattr(module, part.__name__, part)
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with all that the examples read."""
    Clip(frames=25, size_wh=SIZE_WH).write(tmp_path / "holiday.mp4")
    write_photo(tmp_path / "portrait.jpg", patches(*SIZE_WH))
    (tmp_path / "photos").mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(tmp_path / "portrait.jpg", tmp_path / "photos" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training without its twenty minutes: it makes a shipped style again."""

    def train(painting: Path, output: Path, *_: object) -> TrainResult:
        shutil.copy(find_style(None), output)
        return TrainResult(
            output=output,
            folder=output.with_suffix(".training"),
            steps=1,
            seconds=1.0,
            output_bytes=1,
            losses={},
            finished=True,
        )

    monkeypatch.setattr("vidstyle.training.run.run_session", train)


def run(block: str) -> dict[str, Any]:
    """Run a block as a program of its own, but for the `frame` that the README takes as given."""
    names: dict[str, Any] = {"__name__": "example", "frame": patches(*SIZE_WH)}
    exec(compile(block, "example", "exec"), names)
    return names


def block_with(word: str) -> str:
    (block,) = (block for block in python_blocks(PAGES[0]) if word in block)
    return block


@pytest.mark.usefixtures("desktop")
@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_runs_as_printed(block: str) -> None:
    run(block)


def test_the_webcam_loop_takes_five_lines_and_shows_each_frame_painted(desktop: Desktop) -> None:
    block = block_with("VideoCapture")
    lines = [line for line in block.splitlines() if line and "import" not in line]
    assert len(lines) == 5
    run(block)
    assert len(desktop.shown) == CAMERA_FRAMES
    clip = desktop.open(0)
    for shown in desktop.shown:
        _, frame = clip.read()
        assert shown.shape == frame.shape
        assert np.abs(shown.astype(int) - frame).mean() > 10


def test_the_batch_paints_every_photo(folder: Path) -> None:
    run(block_with("glob"))
    for name in ("a.png", "b.png"):
        assert read_photo(folder / "photos" / name).shape == (*SIZE_WH[::-1], 3)


def test_the_endpoint_answers_several_requests_at_once(folder: Path) -> None:
    (route,) = run(block_with("starlette"))["app"].routes
    photo = (folder / "portrait.jpg").read_bytes()

    async def ask() -> list[Response]:
        answers = (route.endpoint(Request(photo)) for _ in range(4))
        return list(await asyncio.gather(*answers))

    answers = asyncio.run(ask())
    assert {answer.media_type for answer in answers} == {"image/jpeg"}
    assert {Image.open(io.BytesIO(answer.body)).size for answer in answers} == {SIZE_WH}


def test_the_conversion_reports_and_writes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(block_with("progress=show"))
    assert "25 of 25 frames" in capsys.readouterr().out
    assert len(look(folder / "painted.mkv").times) == 25


def test_there_are_examples() -> None:
    assert len(BLOCKS) >= 10

"""Every key, pressed for real under Xvfb, and what is then on the screen."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import Clip, patches
from tests.live.scene import WAIT_S
from vidstyle.media.image_file import read_photo

WIDTH, HEIGHT = 480, 360
QUIET = (slice(250, 340), slice(20, -20))  # where neither numbers nor help are written

Image = NDArray[Any]  # HxWx3 RGB


class Screen:
    """A display of our own, whose pixels lie in a file."""

    def __init__(self, folder: Path) -> None:
        ours, theirs = os.pipe()
        screen = ["-displayfd", str(theirs), "-screen", "0", "800x600x24", "-fbdir", str(folder)]
        self._server = subprocess.Popen(
            ["Xvfb", *screen], pass_fds=[theirs], stderr=subprocess.DEVNULL
        )
        os.close(theirs)
        with os.fdopen(ours) as answer:
            number = answer.readline().strip()
        self.environment = {**os.environ, "DISPLAY": f":{number}"}
        self.environment.pop("SDL_VIDEODRIVER", None)
        self._pixels = folder / "Xvfb_screen0"

    def close(self) -> None:
        self._server.terminate()
        self._server.wait(WAIT_S)

    def press(self, *keys: str) -> None:
        self._tool("key", "--delay", "200", *keys)  # ms

    @property
    def windows(self) -> list[str]:
        return self._tool("search", "--class", "vidstyle").split()

    def seen(self) -> Image:
        """What the window shows now."""
        words = self._tool("getwindowgeometry", "--shell", self.windows[0]).split()
        place = dict(word.split("=") for word in words)
        left, top = int(place["X"]), int(place["Y"])
        return self._image()[top : top + HEIGHT, left : left + WIDTH].astype(int)

    def _image(self) -> Image:
        """The X window dump that Xvfb keeps: a header, a color map, rows of BGRX."""
        data = self._pixels.read_bytes()
        header = np.frombuffer(data, ">u4", 25)
        start, height, stride = header[0] + 12 * header[19], header[5], header[12]
        rows = np.frombuffer(data, np.uint8, height * stride, start).reshape(height, -1, 4)
        return rows[..., 2::-1]

    def _tool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stdout


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("needs Xvfb and xdotool")
    folder = tmp_path / "screen"
    folder.mkdir()
    screen = Screen(folder)
    yield screen
    screen.close()


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
def test_every_key_does_what_it_is_for(screen: Screen, inverter: Path, tmp_path: Path) -> None:
    still = Clip(frames=50, size_wh=(WIDTH, HEIGHT), picture=patches(WIDTH, HEIGHT))
    camera, own = still.write(tmp_path / "in.mp4"), patches(WIDTH, HEIGHT).astype(int)
    mirrored = own[:, ::-1]
    words = ["live", "--camera", str(camera), "--loop", "--style", str(inverter), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", *words],
        env=screen.environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def shows(wanted: Image) -> bool:
        return bool(np.median(np.abs(screen.seen() - wanted)[QUIET]) < 10)

    def changes(rows: slice) -> bool:
        """Whether it looks different there from what was there before."""
        return bool((np.abs(screen.seen() - before)[rows, : WIDTH // 2] > 60).any())

    def bare(rows: slice = slice(8, 48)) -> float:
        """How far the place of the numbers, or of other text, is from the picture alone."""
        return float(np.abs(screen.seen() - (255 - mirrored))[rows, : WIDTH // 2].mean())

    def made(suffix: str) -> list[Path]:
        return sorted(p for p in tmp_path.glob(f"vidstyle-*.{suffix}") if p.stat().st_size)

    try:
        until(lambda: screen.windows)
        until(lambda: shows(255 - own))  # a film is no mirror
        for keys, wanted in (
            ("m", 255 - mirrored),
            ("m", 255 - own),
            ("m", 255 - mirrored),
            ("0", mirrored),
            ("1", 255 - mirrored),
            ("minus minus minus minus minus", np.full_like(own, 127)),
            ("plus plus plus plus plus", 255 - mirrored),
            ("v", np.hstack([255 - mirrored[:, : WIDTH // 2], mirrored[:, WIDTH // 2 :]])),
            ("v", 255 - mirrored),
        ):
            screen.press(*keys.split())
            until(partial(shows, wanted))
        screen.press("c")  # the negative's light in the camera's colors
        until(lambda: not shows(255 - mirrored))
        screen.press("c", "Right")
        until(lambda: not shows(255 - mirrored))
        screen.press("Left")
        until(lambda: shows(255 - mirrored))
        second, below = slice(28, 48), slice(100, 200)
        until(lambda: bare(slice(48, 100)) < 10)  # without the menu of styles
        before = screen.seen()
        screen.press("f")  # said on a second line
        until(lambda: changes(second))
        screen.press("f")
        until(lambda: not changes(second))
        screen.press("h")
        until(lambda: changes(below))
        screen.press("h")
        until(lambda: not changes(below))
        assert bare() > 20
        screen.press("o")
        screen.press("o")
        until(lambda: bare() < 10)
        screen.press("s")
        until(lambda: made("png"))
        time.sleep(0.2)
        snapshot = read_photo(made("png")[0]).astype(int)
        assert np.median(np.abs(snapshot - (255 - own))) < 10  # as others see it
        screen.press("r")
        time.sleep(2)
        screen.press("r")
        until(lambda: made("mkv"))
        screen.press("bracketright", "a", *["bracketright"] * 12, "bracketleft", "bracketleft")
        time.sleep(1)
        screen.press("q")
        assert process.wait(WAIT_S) == 0
    finally:
        process.kill()
        output, error = process.communicate(timeout=WAIT_S)
    assert "every 10" in json.loads(output)["quality"]
    assert "Recorded" in error
    assert "Traceback" not in error

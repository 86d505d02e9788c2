"""Visit of the page without a server: the steps that several tests take."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.server.browser.visit import Visit as ServerVisit
from vidstyle.frame import RGBImage

# Waits until the worker has painted so many frames of the camera or the video.
PAINTED = "Number(document.getElementById('fps').textContent.split(' ')[0]) > 0"


class Visit(ServerVisit):
    """Page in a browser profile of its own; keeps the requests that it sends."""

    def __enter__(self) -> "Visit":
        self.requests = list[Any]()
        super().__enter__()
        return self

    def open(self, section: str = "") -> None:
        """Open the page, and wait until it has started."""
        self.page.on("request", lambda request: self.requests.append(request))
        super().open(section)

    def choose(self, *files: Path) -> None:
        """Open a photo, and wait until it is shown painted."""
        self.page.set_input_files("#file-input", [str(file) for file in files])
        self.wait_for_painting()

    def wait_for_painting(self) -> None:
        """Wait until the photo is painted with the present settings."""
        self.page.wait_for_selector(
            "#stage:not([aria-busy]) .compare:not(.single) .compare-after[src^='blob:']"
        )

    def style(self, name: str) -> None:
        """Choose a style of the gallery."""
        self.page.locator(f"#gallery [data-style='{name}'] label").click()

    def play(self, file: Path) -> None:
        """Open a video, and wait until it plays painted."""
        self.page.set_input_files("#file-input", str(file))
        self.wait_until(PAINTED)

    def start_camera(self) -> None:
        """Start the camera, and wait until it is painted."""
        self.page.click("#start")
        self.wait_until(PAINTED)

    def saved(self, button: str, folder: Path) -> Path:
        """Press a button that saves a file; returns the file in a folder."""
        with self.page.expect_download() as download:
            self.page.click(button)
        file = folder / str(download.value.suggested_filename)
        download.value.save_as(file)
        return file


def read_rgb(file: Path) -> RGBImage:
    """Read a picture, HxWx3 uint8 RGB."""
    image = cv2.imread(str(file))
    assert image is not None
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)

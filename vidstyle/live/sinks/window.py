"""The window, through pygame. Belongs to the main thread."""

import os
import sys
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from vidstyle.errors import MissingExtraError, SinkError
from vidstyle.extras import install_hint
from vidstyle.frame import Picture, RGBImage
from vidstyle.live.controls import Command, Controls, ControlState
from vidstyle.live.metrics import LatencyMeter
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.overlay import Status, help_lines, overlay_lines
from vidstyle.pipeline.latest import DropOldestChannel

POLL_S = 0.02  # for a picture, between looks at the keyboard
STATUS_S = 0.5  # between new numbers
MESSAGE_S = 2.0
MARGIN, FONT_SIZE = 8, 20  # px
INK, SHADE = (255, 255, 255), (0, 0, 0, 150)
NO_WINDOW = {"window": False}
NAMED_KEYS = {"right": "right", "left": "left", "escape": "q"}


class Window:
    """Shows the newest view and reads the keyboard."""

    def __init__(self, width: int, height: int) -> None:
        """Open the window.

        Raises:
            MissingExtraError: pygame is not installed.
            SinkError: there is no display.
        """
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        os.environ.setdefault("SDL_VIDEO_X11_WMCLASS", "vidstyle")  # what desktops call it
        try:
            import pygame
        except ImportError as error:
            raise MissingExtraError(
                "The window needs the package pygame-ce. Install the extra: "
                f"{install_hint('live')}. Or run without a window.",
                NO_WINDOW,
            ) from error
        if sys.platform == "linux" and not _has_display():
            raise SinkError("There is no display to show a window on. Run without one.", NO_WINDOW)
        self._pygame = pygame
        pygame.display.init()
        pygame.font.init()
        try:
            pygame.display.set_mode((width, height), pygame.RESIZABLE)
        except pygame.error as error:
            raise SinkError(
                f"No window can be opened ({error}). Run without one.", NO_WINDOW
            ) from error
        pygame.display.set_caption("vidstyle live: h for help")
        self._font = pygame.font.Font(None, FONT_SIZE)
        self.views: DropOldestChannel[OutputFrame] = DropOldestChannel()
        self.meter = LatencyMeter()
        self._message, self._message_until_s = "", 0.0
        self._status_lines: list[str] = []
        self._status_until_s = 0.0
        self._shown: OutputFrame | None = None

    def close(self) -> None:
        """Close the window."""
        self._pygame.quit()

    def run(
        self,
        goes_on: Callable[[], bool],
        controls: Controls,
        act: Callable[[Command, OutputFrame | None], str],
        status: Callable[[], Status],
    ) -> None:
        """Show views and obey keys as long as it goes on.

        Args:
            goes_on: asked again and again.
            controls: changed by keys.
            act: does what a key asks of others, given what is shown; returns what to say.
            status: the numbers of this moment.
        """
        while goes_on():
            for event in self._pygame.event.get():
                self._obey(event, controls, act)
            view = self.views.get(POLL_S)
            if view is not None:
                self._shown = view
                self._draw(view, controls.look, status)
                if view.live:
                    self.meter.note(view.frame.time_s, time.monotonic())

    def _obey(
        self, event: object, controls: Controls, act: Callable[[Command, OutputFrame | None], str]
    ) -> None:
        pygame = self._pygame
        kind = getattr(event, "type", None)
        command = Command.QUIT if kind == pygame.QUIT else None
        if kind == pygame.KEYDOWN:
            name = pygame.key.name(event.key)  # type: ignore[attr-defined]
            typed = event.unicode  # type: ignore[attr-defined]
            command = controls.press(NAMED_KEYS.get(name, typed))
        if command is not None:
            self._message = act(command, self._shown)
            self._message_until_s = time.monotonic() + MESSAGE_S

    def _draw(self, view: OutputFrame, look: ControlState, status: Callable[[], Status]) -> None:
        pygame = self._pygame
        screen = pygame.display.get_surface()
        image = shown_image(view, look, *screen.get_size())
        height, width = image.shape[:2]
        surface = pygame.image.frombuffer(image, (width, height), "RGB")
        left, top = ((s - i) // 2 for s, i in zip(screen.get_size(), (width, height), strict=True))
        if (left, top) != (0, 0):
            screen.fill((0, 0, 0))
        screen.blit(surface, (left, top))
        self._write(self._lines(look, status))
        pygame.display.flip()

    def _lines(self, look: ControlState, status: Callable[[], Status]) -> list[str]:
        now_s = time.monotonic()
        if now_s >= self._status_until_s:
            self._status_until_s = now_s + STATUS_S
            self._status_lines = overlay_lines(status(), look)
        lines = list(self._status_lines) if look.overlay else []
        lines += help_lines() if look.help else []
        return [*lines, self._message] if now_s < self._message_until_s else lines

    def _write(self, lines: Sequence[str]) -> None:
        pygame = self._pygame
        screen, top = pygame.display.get_surface(), MARGIN
        for line in lines:
            if line:
                text = self._font.render(line, True, INK)
                shade = pygame.Surface((text.get_width() + 2 * MARGIN, FONT_SIZE), pygame.SRCALPHA)
                shade.fill(SHADE)
                screen.blit(shade, (MARGIN, top))
                screen.blit(text, (2 * MARGIN, top + 2))
                top += FONT_SIZE


def shown_image(view: OutputFrame, look: ControlState, width: int, height: int) -> RGBImage:
    """What the window shows of a view: as large as fits, half of it original, mirrored.

    Returns:
        HxWx3 uint8 RGB, of the picture's own proportions.
    """
    picture = view.frame.picture
    scale = min(width / picture.width, height / picture.height)
    size_wh = max(2, round(picture.width * scale)), max(2, round(picture.height * scale))
    image = _rgb(picture, size_wh)
    if look.split:
        half = size_wh[0] // 2
        image[:, :half] = _rgb(view.original, size_wh)[:, :half]
        image[:, half : half + 1] = 255
    return np.ascontiguousarray(cv2.flip(image, 1), np.uint8) if look.mirrored else image


def _rgb(picture: Picture, size_wh: tuple[int, int]) -> RGBImage:
    return picture.resized(*size_wh).to_rgb()


def _has_display() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"))

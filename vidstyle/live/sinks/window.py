"""Preview window with keyboard controls, through pygame; belongs to the main thread."""

import os
import sys
import time
from collections.abc import Sequence

import cv2
import numpy as np

from vidstyle.errors import MissingExtraError, SinkError
from vidstyle.extras import install_hint
from vidstyle.frame import Picture, RGBImage
from vidstyle.live.controls import Command, ControlState
from vidstyle.live.metrics import LatencyMeter
from vidstyle.live.sinks.base import DisplayHost, OutputFrame
from vidstyle.live.sinks.overlay import Status, help_lines, overlay_lines, style_lines
from vidstyle.pipeline.latest import DropOldestChannel

POLL_S = 0.02  # timeout of a wait for a frame; bounds the delay of a key
STATUS_S = 0.5  # update interval of the overlay, if no key changes it
MESSAGE_S = 2.0  # duration of a message, and of the style menu after a change of style
MARGIN, FONT_SIZE = 8, 20  # px
INK, SHADE = (255, 255, 255), (0, 0, 0, 150)
NO_WINDOW = {"window": False}  # the setting that avoids an error
NAMED_KEYS = {
    "right": "right",
    "left": "left",
    "escape": "q",
    "f11": "F11",
}  # pygame's names to key bindings


class Window:
    """Display that shows the newest frame in a resizable window and reads the keyboard."""

    def __init__(self, width: int, height: int) -> None:
        """Open the window, `width` x `height` pixels.

        Raises:
            MissingExtraError: pygame is not installed.
            SinkError: there is no display.
        """
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        os.environ.setdefault("SDL_VIDEO_X11_WMCLASS", "vidstyle")  # window class
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
            pygame.quit()
            raise SinkError(
                f"No window can be opened ({error}). Run without one.", NO_WINDOW
            ) from error
        pygame.display.set_caption("vidstyle live: h for help")
        self._font = pygame.font.Font(None, FONT_SIZE)
        self.outputs: DropOldestChannel[OutputFrame] = DropOldestChannel()
        self.meter = LatencyMeter()
        self._message, self._message_until_s = "", 0.0
        self._status_lines: list[str] = []
        self._status_until_s = 0.0
        self._menu_lines: list[str] = []
        self._menu_until_s = 0.0
        self._state: ControlState | None = None  # that of the overlay
        self._windowed_wh: tuple[int, int] | None = None  # of the window, during full screen
        self._shown: OutputFrame | None = None

    def close(self) -> None:
        """Close the window."""
        self._pygame.quit()

    def run(self, host: DisplayHost) -> None:
        """Show frames and handle keys until `host.poll` returns False."""
        while host.poll():
            for event in self._pygame.event.get():
                self._handle(event, host)
            output = self.outputs.get(POLL_S)
            if output is not None:
                self._shown = output
                self._draw(output, host)
                if output.live:
                    self.meter.note(output.frame.time_s, time.perf_counter())

    def _handle(self, event: object, host: DisplayHost) -> None:
        pygame = self._pygame
        kind = getattr(event, "type", None)
        command = Command.QUIT if kind == pygame.QUIT else None
        if kind == pygame.KEYDOWN:
            name = pygame.key.name(event.key)  # type: ignore[attr-defined]
            typed = event.unicode  # type: ignore[attr-defined]
            command = host.controls.press(NAMED_KEYS.get(name, typed))
            if name == "escape" and self._windowed_wh is not None:
                command = Command.FULLSCREEN
        if command is Command.FULLSCREEN:
            self._toggle_fullscreen()
        elif command is not None:
            self._say(host.perform(command, self._shown))
        if kind == pygame.DROPFILE:
            self._say(host.open_style(event.file))  # type: ignore[attr-defined]

    def _toggle_fullscreen(self) -> None:
        display = self._pygame.display
        if self._windowed_wh is None:
            self._windowed_wh = display.get_surface().get_size()
            display.set_mode((0, 0), self._pygame.FULLSCREEN)  # the desktop's size
        else:
            display.set_mode(self._windowed_wh, self._pygame.RESIZABLE)
            self._windowed_wh = None
        self._pygame.mouse.set_visible(self._windowed_wh is None)

    def _say(self, message: str) -> None:
        self._message, self._message_until_s = message, time.perf_counter() + MESSAGE_S

    def _draw(self, output: OutputFrame, host: DisplayHost) -> None:
        pygame = self._pygame
        screen = pygame.display.get_surface()
        image = shown_image(output, host.controls.state, *screen.get_size())
        height, width = image.shape[:2]
        surface = pygame.image.frombuffer(image, (width, height), "RGB")
        left, top = ((s - i) // 2 for s, i in zip(screen.get_size(), (width, height), strict=True))
        if (left, top) != (0, 0):
            screen.fill((0, 0, 0))
        screen.blit(surface, (left, top))
        self._write(self._lines(host))
        pygame.display.flip()

    def _lines(self, host: DisplayHost) -> list[str]:
        now_s, state = time.perf_counter(), host.controls.state
        if now_s >= self._status_until_s or state != self._state:
            self._update(host.status(), state, now_s)
        lines = list(self._status_lines) if state.overlay else []
        lines += help_lines() if state.help else []
        lines += self._menu_lines if state.help or now_s < self._menu_until_s else []
        return [*lines, self._message] if now_s < self._message_until_s else lines

    def _update(self, status: Status, state: ControlState, now_s: float) -> None:
        if self._state is not None and self._state.style_number != state.style_number:
            self._menu_until_s = now_s + MESSAGE_S
        self._state, self._status_until_s = state, now_s + STATUS_S
        self._status_lines, self._menu_lines = (
            overlay_lines(status, state),
            style_lines(status, state),
        )

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


def shown_image(output: OutputFrame, state: ControlState, width: int, height: int) -> RGBImage:
    """Scale a frame into the window; with `state.split` half original, with `mirrored` flipped.

    Args:
        output: frame to show, and its original.
        state: settings; `split` and `mirrored` are used.
        width: of the window, in pixels.
        height: of the window, in pixels.

    Returns:
        HxWx3 uint8 RGB of the picture's own proportions, at most `width` x `height`.
    """
    picture = output.frame.picture
    scale = min(width / picture.width, height / picture.height)
    size_wh = max(2, round(picture.width * scale)), max(2, round(picture.height * scale))
    image = _rgb(picture, size_wh)
    if state.split:
        half = size_wh[0] // 2
        image[:, :half] = _rgb(output.original, size_wh)[:, :half]
        image[:, half : half + 1] = 255
    return np.ascontiguousarray(cv2.flip(image, 1), np.uint8) if state.mirrored else image


def _rgb(picture: Picture, size_wh: tuple[int, int]) -> RGBImage:
    return picture.resized(*size_wh).to_rgb()


def _has_display() -> bool:
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"))

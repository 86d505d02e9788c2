"""Style shelf: the shipped styles and the user's paintings, by ids that are never paths."""

import hashlib
import json
import logging
import re
import secrets
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.apps.painting import style_from_painting
from vidstyle.errors import StyleError, VidstyleError, did_you_mean, reason
from vidstyle.frame import with_short_side
from vidstyle.media.image_file import decode_photo, write_photo
from vidstyle.media.image_header import image_size_wh
from vidstyle.server import limits
from vidstyle.server.problems import Problem, problem_of
from vidstyle.style_plan import renamed, style_plan
from vidstyle.stylize.catalog import Style, find_painting, known_name, shipped_styles

log = logging.getLogger(__name__)

OWN_ID = re.compile(r"own-[0-9a-f]{16}")
LEFTOVER = re.compile(r"\.[0-9a-f]{16}")  # folder of a style that was being made or deleted
PAINTING, THUMBNAIL, ABOUT = "painting.png", "thumbnail.jpg", "about.json"
THUMBNAIL_SIDE = 480  # px, the shorter side at most


@dataclass(frozen=True, slots=True)
class ShelfStyle:
    """A style as clients see it."""

    id: str
    title: str
    artist: str | None
    year: str | None
    size_class: str
    own: bool
    default: bool

    def document(self) -> dict[str, Any]:
        """The style as plain data, with the addresses of its pictures."""
        base = f"/api/v1/styles/{self.id}"
        return asdict(self) | {"thumbnail": f"{base}/thumbnail", "painting": f"{base}/painting"}


class StyleShelf:
    """Shipped styles and the user's own, which are kept in a folder; callable from any thread."""

    def __init__(self, folder: Path) -> None:
        """Read the user's styles; delete what a killed server left, and skip damaged ones.

        Args:
            folder: of the user's styles, one folder each; made if it is missing.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._lock = folder, threading.Lock()
        self._shipped = {style.name: style for style in shipped_styles()}
        self._own = dict[str, dict[str, Any]]()
        for entry in sorted(folder.iterdir()):
            if LEFTOVER.fullmatch(entry.name):
                shutil.rmtree(entry, ignore_errors=True)
            elif OWN_ID.fullmatch(entry.name) and (about := _read(entry)) is not None:
                self._own[entry.name] = about

    def styles(self) -> list[ShelfStyle]:
        """All styles: the default first, the user's own last."""
        with self._lock:
            own = sorted(self._own.items(), key=lambda item: float(item[1]["created"]))
        default = next(iter(self._shipped))
        shipped = [_shipped(style, default) for style in self._shipped.values()]
        return shipped + [_own(id, about) for id, about in own]

    def style(self, id: str) -> ShelfStyle:
        """Style of an id.

        Raises:
            Problem: there is none (404).
        """
        for style in self.styles():
            if style.id == id:
                return style
        raise Problem(404, f'There is no style "{id[:80]}".')

    def add(self, content: bytes, name: str, now_s: float) -> tuple[ShelfStyle, bool]:
        """Make a style of a painting.

        Args:
            content: of the picture file.
            name: label of the painting.
            now_s: time of day in seconds since 1970.

        Returns:
            The style, and whether it is new: one of the same content is returned as it is.

        Raises:
            Problem: it is no picture, it cannot be a style, or there are too many.
        """
        id = f"own-{hashlib.sha256(content).hexdigest()[:16]}"
        with self._lock:
            if id in self._own:
                return _own(id, self._own[id]), False
            if len(self._own) >= limits.OWN_STYLES:
                raise Problem(429, f"There are {len(self._own)} styles already. Delete one first.")
        about = {"title": name, "created": now_s}
        new = self._hidden()
        new.mkdir()
        try:
            self._make(new, id, content, name, about)
            with self._lock:
                if id not in self._own:
                    shutil.rmtree(self._folder / id, ignore_errors=True)  # a damaged one
                    new.rename(self._folder / id)
                    self._own[id] = about
        finally:
            shutil.rmtree(new, ignore_errors=True)
        return _own(id, about), True

    def remove(self, id: str) -> None:
        """Delete a style of the user's.

        Raises:
            Problem: there is none (404), or it ships with vidstyle (403).
        """
        if not self.style(id).own:
            raise Problem(403, f"{id} comes with vidstyle, and cannot be deleted.")
        hidden = self._hidden()
        with self._lock:
            with suppress(FileNotFoundError):
                (self._folder / id).rename(hidden)  # so that it goes as a whole
            self._own.pop(id, None)
        shutil.rmtree(hidden, ignore_errors=True)

    def painting(self, id: str) -> Path:
        """Picture file of a style's painting, JPEG.

        Raises:
            Problem: there is no such style, or it ships without its painting (404).
        """
        if self.style(id).own:
            return self._folder / id / THUMBNAIL
        try:
            return find_painting(id)
        except StyleError as error:
            raise Problem(404, error.message) from error

    def canonical(self, style: str | None) -> str:
        """One spelling of a style, a mix or styles over time, by ids; no file is ever read for it.

        Raises:
            StyleError: there is no such style.
            OptionError: the notation is wrong.
        """
        return renamed(style, self.known)

    def resolved(self, style: str | None, *, full: bool = False) -> str:
        """The same as the rest of vidstyle takes it, with files in place of the user's ids.

        Args:
            style: as in `canonical`, which also raises the same.
            full: whether it is for the full quality, which takes paintings.
        """
        return renamed(style, lambda name: self._file(self.known(name), full))

    def ids(self, style: str | None) -> list[str]:
        """Ids in a style, a mix or styles over time; raises as `canonical`."""
        return list(dict.fromkeys(map(self.known, style_plan(style).names)))

    def digests(self, style: str | None) -> list[str]:
        """Digests of the models of these, for keys of results; raises as `canonical`."""
        return [
            self._shipped[id].int8["sha256"] if id in self._shipped else id
            for id in self.ids(style)
        ]

    def known(self, name: str | None) -> str:
        """Id of a style by its id or by a spelling of its name; the default style for None.

        Raises:
            StyleError: there is none.
        """
        if name is None:
            return next(iter(self._shipped))
        if name in self._shipped or name in self._own:
            return name
        id = known_name(name)
        if id in self._shipped or id in self._own:
            return id
        guess = did_you_mean(name.casefold()[:80], [*self._shipped, *self._own])
        raise StyleError(f'No style named "{name[:80]}".{guess}')

    def _file(self, id: str, full: bool) -> str:
        if id in self._shipped:
            return id
        return str(self._folder / id / (PAINTING if full else _network(id)))

    def _hidden(self) -> Path:
        """Path of a new folder that is no style."""
        return self._folder / f".{secrets.token_hex(8)}"

    def _make(
        self, folder: Path, id: str, content: bytes, name: str, about: Mapping[str, Any]
    ) -> None:
        painting = folder / PAINTING
        width, height = image_size_wh(content) or (0, 0)
        if width * height > limits.PICTURE_PIXELS:
            raise too_many_pixels(name, width, height)
        painting.write_bytes(content)
        try:
            style_from_painting(painting, folder / f"{id}.onnx")
            photo = decode_photo(np.frombuffer(content, np.uint8), name).over_white()
        except VidstyleError as error:
            raise problem_of(error, {str(painting): name}) from error
        small = with_short_side(photo, THUMBNAIL_SIDE, enlarge=False)
        write_photo(folder / THUMBNAIL, small, 88)
        (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")


def too_many_pixels(name: str, width: int, height: int) -> Problem:
    """Problem of a picture over the limit."""
    most = limits.PICTURE_PIXELS // 10**6
    return Problem(
        413,
        f"{name} has {width}x{height} px, over the limit of {most} megapixels. Reduce it first.",
    )


def _read(folder: Path) -> dict[str, Any] | None:
    """Facts about a style of the user's own; None, and a warning, if it is damaged."""
    try:
        found = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        for name in (PAINTING, THUMBNAIL, _network(folder.name)):
            (folder / name).stat()
        return {"title": str(found["title"]), "created": float(found["created"])}
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warning(
            "The style in %s is damaged (%s). Add its painting again.", folder, reason(error)
        )
        return None


def _network(id: str) -> str:
    """File name of an own style's network."""
    return f"{id}.int8.onnx"


def _shipped(style: Style, default: str) -> ShelfStyle:
    about = style.painting
    return ShelfStyle(
        style.name,
        about["title"],
        about["artist"],
        str(about["year"]),
        style.size_class,
        own=False,
        default=style.name == default,
    )


def _own(id: str, about: Mapping[str, Any]) -> ShelfStyle:
    return ShelfStyle(id, about["title"], None, None, "55k", own=True, default=False)

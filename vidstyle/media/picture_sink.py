"""Picture sequence sink: each frame a numbered picture file; all of them appear at the end."""

import itertools
import logging
import os
import re
import shutil
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from vidstyle.errors import SinkError, reason
from vidstyle.frame import Frame, RGBImage, resize
from vidstyle.media.atomic import (
    force_content,
    force_names,
    partial_path,
    rename_file,
    short_name,
    stale_partials,
)
from vidstyle.media.image_file import JPEG_QUALITY, encode_result, stores_alpha
from vidstyle.media.info import VideoInfo
from vidstyle.media.numbered_names import NumberedNames
from vidstyle.media.owned_files import delete_own
from vidstyle.media.side_streams import silence_notes
from vidstyle.media.sink import square_size_wh
from vidstyle.media.write_errors import sink_errors
from vidstyle.stats import Stats

log = logging.getLogger(__name__)

FIRST_NUMBER = 1  # as FFmpeg's


class PictureSink:
    """`Sink` of one picture file for each frame.

    They are written to a hidden folder beside the final names, to which `finish` moves them. Use it
    in a `with` block and call `finish` inside; a block left without it deletes the folder.
    `warnings` are messages on differences from the input. Belongs to one thread at a time.
    """

    def __init__(
        self,
        path: Path,
        like: VideoInfo,
        stats: Stats,
        *,
        replace: bool = True,
        jpeg_quality: int = JPEG_QUALITY,
        audio: str = "copy",
    ) -> None:
        """Create the hidden folder.

        Args:
            path: final name with a place for the number, as "frame_%04d.png".
            like: properties of the input.
            stats: receives the counter "frames", the position, and the timings of stage "encode".
            replace: whether `finish` may replace files of the final names.
            jpeg_quality: 0..100.
            audio: "none" for no note on sound that is left out.

        Raises:
            SinkError: the folder cannot be created.
            SourceError: the input cannot be opened again.
        """
        names = NumberedNames.parse(path)
        assert names is not None
        self._path, self._names, self._like, self._stats = path, names, like, stats
        self._replace, self._jpeg_quality = replace, jpeg_quality
        self._count = self._bytes = 0
        self._steps = set[int]()  # distances of neighboring frames, in units of the time base
        self._last_pts: int | None = None
        self.warnings = silence_notes(like, names.suffix, audio)
        self._folder, self._is_kept = partial_path(path), False
        with self._sink_errors():
            self._folder.mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, frame: Frame) -> None:
        """Write one frame as the next picture.

        Raises:
            SinkError: the disk is full, or the picture is too large for its format.
        """
        with self._stats.timed("encode"), self._sink_errors():
            file = self._names.file(FIRST_NUMBER + self._count)
            image = self._image(frame)
            content = encode_result(file, image, jpeg_quality=self._jpeg_quality)
            (self._folder / file.name).write_bytes(content)
        self._bytes += len(content)
        self._count += 1
        if self._last_pts is not None:
            self._steps.add(frame.pts - self._last_pts)
        self._last_pts = frame.pts
        self._stats.count("frames")
        self._stats.position_s = frame.time_s

    def finish(self) -> int:
        """Move the pictures to their final names; call it once, after the last frame.

        An interruption keeps those that are left in a folder with a free name, which is logged.

        Returns:
            The size of all files in bytes.

        Raises:
            SinkError: a picture is missing, or a final name cannot be used; then the pictures that
                are left are kept in a folder that the message names.
        """
        files = [self._names.file(FIRST_NUMBER + index) for index in range(self._count)]
        written = [self._folder / file.name for file in files]
        with self._sink_errors():
            size = sum(file.stat().st_size for file in written)
            if size != self._bytes:
                raise SinkError(f"The pictures have {size} bytes instead of {self._bytes}.")
            for partial in written:
                force_content(partial)
        self._check_names(files)
        self._move(written, files)
        self._note_times()
        self._note_others()
        return size

    def _check_names(self, files: list[Path]) -> None:
        """Check that all final names can be used, before any picture is moved."""
        for file in files:
            if file.is_dir() and not file.is_symlink():
                why = "is a folder"
            elif not self._replace and os.path.lexists(file):
                why = "came into being during the run"
            else:
                continue
            raise SinkError(
                f"{file} {why} and was not replaced. The finished pictures are in {self._kept()}."
            )

    def _move(self, written: list[Path], files: list[Path]) -> None:
        moved = 0
        try:
            for partial, file in zip(written, files, strict=True):
                rename_file(partial, file, replace=self._replace)
                moved += 1
        except OSError as error:
            raise SinkError(
                f"Cannot write {files[moved]}: {reason(error)}. {self._left_over(moved)}"
            ) from error
        except BaseException:  # a signal just now
            log.warning("%s", self._left_over(moved))
            raise
        finally:
            force_names(self._path.parent)

    def _left_over(self, moved: int) -> str:
        """Keep the pictures that are left; return a message on where all of them are."""
        if not moved:
            return f"The finished pictures are in {self._kept()}."
        count = f"{moved} of {self._count} pictures have their names"
        return f"{count}, the others are in {self._kept()}."

    def _image(self, frame: Frame) -> RGBImage:
        """HxWx3 RGB, or HxWx4 with the alpha channel, in square pixels."""
        picture = frame.picture
        size_wh = square_size_wh(picture.width, picture.height, self._like.sample_aspect_ratio)
        image = resize(picture.to_rgb(), *size_wh)
        if not (self._like.has_alpha and stores_alpha(self._path)):
            return image
        alpha = np.full_like(picture.y, 255) if frame.alpha is None else frame.alpha
        return np.dstack([image, resize(alpha, *size_wh)])

    def _kept(self) -> Path:
        """Keep the hidden folder, under a free name if possible, and return its path."""
        self._is_kept = True
        stem = self._names.prefix.rstrip("._- ") or "pictures"
        names = (short_name(stem, f"-{number}") for number in itertools.count(2))
        free = next(path for path in map(self._path.with_name, names) if not path.exists())
        with suppress(OSError):
            return self._folder.rename(free)
        return self._folder

    def _note_times(self) -> None:
        """Note the frame rate, which pictures do not have."""
        rate = f"{float(self._like.rate):.5g}"
        usual = round(1 / self._like.rate / self._like.time_base)
        if all(abs(step - usual) <= max(1, usual // 10) for step in self._steps):
            self.warnings.append(f"{rate} pictures a second")
        else:
            self.warnings.append(f"{rate} pictures a second on the mean; their times were uneven")

    def _note_others(self) -> None:
        """Note pictures of an earlier run with higher numbers."""
        with suppress(OSError):
            others = [n for n in self._names.files() if n >= FIRST_NUMBER + self._count]
            if others:
                first, last = self._names.file(others[0]).name, self._names.file(others[-1]).name
                self.warnings.append(f"{first} to {last} were there before and stayed")

    def _sink_errors(self) -> AbstractContextManager[None]:
        return sink_errors(self._path, "Nothing was left behind.")


def delete_stale_pictures(names: NumberedNames, path: Path) -> None:
    """Delete the hidden folders that killed runs left of a locked sequence.

    Args:
        names: of the pictures.
        path: the same, as given.
    """
    before, after = re.escape(names.prefix), re.escape(names.suffix)
    own = re.compile(rf"{before}\d+{after}")
    with suppress(OSError):
        for folder in stale_partials(path):
            if folder.is_dir() and not folder.is_symlink():
                delete_own(folder, own)

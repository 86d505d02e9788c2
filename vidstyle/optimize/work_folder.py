"""Work folder: finished paintings, scenes and plan, to resume an interrupted offline run."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidstyle import __version__
from vidstyle.errors import ELSEWHERE, SinkError, SourceError, reason
from vidstyle.frame import RGBImage
from vidstyle.media.atomic import write_whole
from vidstyle.media.differences import differences
from vidstyle.media.image_file import read_photo, write_result
from vidstyle.media.owned_files import delete_own, foreign_entries
from vidstyle.media.parts import PART_NAME, PARTS
from vidstyle.optimize.budget import FilmPlan
from vidstyle.optimize.scene import Scene

log = logging.getLogger(__name__)

MANIFEST, SCENES, PLAN = "manifest.json", "scenes.json", "plan.json"
MARK = "vidstyle"  # key in the manifest that identifies a work folder, its value is the version
CONTENT = re.compile(r"(scenes|plan)\.json|scene-\d{5,6}/([0-9a-f]+-[a-z]+\.png)?")
OWN = re.compile(rf"manifest\.json|{CONTENT.pattern}")
WITH_PARTS = re.compile(rf"{OWN.pattern}|{PARTS}/({PART_NAME.pattern})?")
FINISHED = ("-polished", "-between")  # ends of names of paintings that are not improved further
MOST_SCENES = 10**6


class WorkFolder:
    """Paintings by scene, frame and pass, with a manifest of the input and the settings.

    Files are written atomically, so a killed run loses only the picture in progress. Only files
    that a `WorkFolder` wrote are ever deleted. For one process at a time.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """Open the folder, or create it.

        Args:
            path: the folder.
            manifest: JSON data that identifies the input and the settings.

        Raises:
            SinkError: a disk error; or the folder holds paintings of another manifest or version,
                is not a work folder, or is damaged.
        """
        self.path = path
        self.resumed = False
        self._manifest = {MARK: __version__, **manifest}
        try:
            if path.is_symlink():
                raise SinkError(
                    f"{path} is a link, no work folder. Choose another output name.", ELSEWHERE
                )
            if path.exists() and not self._is_new():
                self.resumed = self._resumes()
            if not self.resumed:
                path.mkdir(exist_ok=True)
                self._write(MANIFEST, self._manifest)
        except OSError as error:
            raise SinkError(f"Cannot use the work folder {path}: {reason(error)}.") from error

    def scenes(self, find: Callable[[], list[Scene]]) -> list[Scene]:
        """Return the scenes of the film, from the folder or detected and stored now.

        Args:
            find: detects the scenes; called if the folder holds none.

        Raises:
            SinkError: a disk error, or the folder is damaged.
        """
        if not (self.path / SCENES).exists():
            self._write(SCENES, [asdict(scene) for scene in find()])
        try:
            return [_checked_scene(**scene) for scene in self._read(SCENES)]
        except (TypeError, ValueError) as error:
            raise self._damaged(SCENES) from error

    def plan(self, make: Callable[[], FilmPlan]) -> FilmPlan:
        """Return the film's plan, from the folder or made and stored now.

        A resumed run keeps its plan: one made from new timings would not fit its paintings.

        Args:
            make: makes the plan; called if the folder holds none.

        Raises:
            SinkError: a disk error, or the folder is damaged.
        """
        if not (self.path / PLAN).exists():
            self._write(PLAN, asdict(make()))
        try:
            return _checked_plan(**self._read(PLAN))
        except (TypeError, ValueError) as error:
            raise self._damaged(PLAN) from error

    def painting(
        self, scene: Scene, name: str, size_wh: tuple[int, int] | None = None
    ) -> RGBImage | None:
        """Return a stored painting, HxWx3 uint8 RGB; None if it is not there.

        Args:
            scene: the scene.
            name: name of the painting in its scene, see `frame_name`.
            size_wh: expected width and height in px; None for any size.

        Raises:
            SinkError: its file is damaged, or the painting has another size.
        """
        file = self._file(scene, name)
        if not file.exists():
            return None
        try:
            painting = read_photo(file)
        except SourceError as error:
            raise SinkError(f"{file} is damaged. Delete it to have it painted again.") from error
        height, width = painting.shape[:2]
        if size_wh not in (None, (width, height)):
            raise SinkError(
                f"{file} is damaged: it has another size, {width}x{height}. Delete it to have it "
                "painted again."
            )
        return painting

    def keep(self, scene: Scene, name: str, painting: RGBImage) -> None:
        """Store a painting, HxWx3 uint8 RGB, under a name that is unique in its scene.

        Raises:
            SinkError: a disk error.
        """
        file = self._file(scene, name)
        try:
            file.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise SinkError(f"Cannot write {file.parent}: {reason(error)}.") from error
        write_result(file, painting)

    def contents(self, scene: Scene) -> dict[str, bytes]:
        """Files of a scene's paintings by their names in the folder, to be taken elsewhere.

        Raises:
            OSError: one cannot be read.
        """
        files = sorted(self._file(scene, "any").parent.glob("[!.]*.png"))
        return {file.relative_to(self.path).as_posix(): file.read_bytes() for file in files}

    def take(self, name: str, content: bytes) -> None:
        """Store a file of `contents` of another folder.

        Raises:
            ValueError: the name is none of a painting.
            SinkError: a disk error.
        """
        if not (CONTENT.fullmatch(name) and name.endswith(".png")):
            raise ValueError(name)
        try:
            (self.path / name).parent.mkdir(exist_ok=True)
            write_whole(self.path / name, content)
        except OSError as error:
            raise SinkError(f"Cannot write {self.path / name}: {reason(error)}.") from error

    def count(self, scene: Scene) -> int:
        """Number of a scene's paintings of the last pass, and of frames between them."""
        names = [file.stem for file in self._file(scene, "any").parent.glob("[!.]*.png")]
        return sum(name.endswith(FINISHED) for name in names)

    def drop(self, scene: Scene, name: str) -> None:
        """Delete a painting of an earlier pass, if it is there."""
        self._file(scene, name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder's own files, and the folder if it is empty then."""
        self._clear()
        if self.path.exists() and foreign_entries(self.path, WITH_PARTS):
            log.warning("%s is kept: it holds files that are not vidstyle's.", self.path)

    def _is_new(self) -> bool:
        """Whether the folder is empty, except for a half-written manifest and parts.

        Parts of the fast quality may be there.
        """
        return self.path.is_dir() and all(
            entry.name == PARTS or entry.name.startswith(f".{Path(MANIFEST).stem}.")
            for entry in self.path.iterdir()
        )

    def _resumes(self) -> bool:
        """Whether the folder has the same manifest; if not and without paintings, empty it."""
        found = self._read(MANIFEST)
        if not isinstance(found, dict) or MARK not in found:
            raise self._damaged(MANIFEST)
        if found == self._manifest:
            return True
        paintings = len(list(self.path.glob("scene-*/[!.]*.png")))
        if paintings:
            raise SinkError(
                f"{self.path} keeps {paintings} painting{'s' * (paintings > 1)} of other settings "
                f"({differences(found, self._manifest)}). Finish them with the old settings, "
                "delete the folder, or choose another output name.",
                ELSEWHERE,
            )
        self._clear()
        return False

    def _clear(self) -> None:
        """Delete the own files; the manifest last, since a folder without one is not resumed.

        Parts stay: they are of other runs.
        """
        for own in (CONTENT, OWN):
            if self.path.is_dir():
                delete_own(self.path, own)

    def _file(self, scene: Scene, name: str) -> Path:
        return self.path / f"scene-{scene.number:05d}" / f"{name}.png"

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (ValueError, RecursionError, FileNotFoundError, NotADirectoryError) as error:
            raise self._damaged(name) from error

    def _write(self, name: str, content: Any) -> None:
        try:
            write_whole(self.path / name, json.dumps(content, indent=2).encode())
        except OSError as error:
            raise SinkError(f"Cannot write {self.path / name}: {reason(error)}.") from error

    def _damaged(self, name: str | Path) -> SinkError:
        return SinkError(
            f"{self.path / name} is damaged or not from vidstyle. "
            f"Delete {self.path} if you can do without it, or choose another output name.",
            ELSEWHERE,
        )


def frame_name(number: int, stage: str) -> str:
    """Return the file name, without suffix, of a painting: frame number in the scene and pass."""
    return f"{number:06d}-{stage}"


def _checked_scene(number: int, start: int, frames: int, continues: bool) -> Scene:
    """Validate a scene read from JSON."""
    if not all(type(each) is int for each in (number, start, frames)):
        raise TypeError(number, start, frames)
    if not (0 <= number < MOST_SCENES and start >= 0 and frames >= 1):
        raise ValueError(number, start, frames)
    return Scene(number, start, frames, bool(continues))


def _checked_plan(every: int, scale: float) -> FilmPlan:
    """Validate a plan read from JSON."""
    if type(every) is not int:
        raise TypeError(every)
    if not (every >= 1 and 0 < scale <= 1):
        raise ValueError(every, scale)
    return FilmPlan(every, scale)

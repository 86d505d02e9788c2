"""Work folder of an offline run: its paintings so far, so that an interrupted run can go on."""

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
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.media.owned_files import delete_own
from vidstyle.optimize.budget import FilmPlan
from vidstyle.optimize.scene_detection import Scene

log = logging.getLogger(__name__)

MANIFEST, SCENES, PLAN = "manifest.json", "scenes.json", "plan.json"
MARK = "vidstyle"  # the manifest's key that tells a work folder from any other folder
OWN = re.compile(r"(manifest|scenes|plan)\.json|scene-\d{5,6}/([0-9a-f]+-[a-z]+\.png)?")
MOST_SCENES = 10**6


class WorkFolder:
    """Paintings by scene, pass and frame, beside a manifest that says what they belong to.

    Everything is written whole or not at all, so a run that was killed has lost the picture it
    was at, and nothing else. Only files that a `WorkFolder` wrote are ever deleted.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """Open the folder, or make it.

        Args:
            path: the folder.
            manifest: plain data: what the input is and how it is painted.

        Raises:
            SinkError: the disk refused, the folder holds paintings of another manifest or of
                another version, is no work folder, or is damaged.
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
        """The scenes of the film, found only once.

        Raises:
            SinkError: the disk refused, or the folder is damaged.
        """
        if not (self.path / SCENES).exists():
            self._write(SCENES, [asdict(scene) for scene in find()])
        try:
            return [_checked_scene(**scene) for scene in self._read(SCENES)]
        except (TypeError, ValueError) as error:
            raise self._damaged(SCENES) from error

    def plan(self, make: Callable[[], FilmPlan]) -> FilmPlan:
        """How the film is painted, decided only once: another speed would be another film.

        Raises:
            SinkError: the disk refused, or the folder is damaged.
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
        """A painting that was kept, HxWx3 uint8 RGB, or None.

        Raises:
            SinkError: it is damaged, or has not the size that it is to have.
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
        """Keep a painting under a name of its own in its scene.

        Raises:
            SinkError: the disk refused.
        """
        file = self._file(scene, name)
        try:
            file.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise SinkError(f"Cannot write {file.parent}: {reason(error)}.") from error
        write_photo(file, painting)

    def drop(self, scene: Scene, name: str) -> None:
        """Forget a painting that has been replaced by a better one."""
        self._file(scene, name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete the folder's own files, and the folder unless others are in it."""
        delete_own(self.path, OWN)
        if self.path.exists():
            log.warning("%s is kept: it holds files that are not vidstyle's.", self.path)

    def _is_new(self) -> bool:
        """Whether the folder is empty but for what was left half-written at its very start."""
        return self.path.is_dir() and all(
            entry.name.startswith(f".{Path(MANIFEST).stem}.") for entry in self.path.iterdir()
        )

    def _resumes(self) -> bool:
        """Whether the folder belongs to the manifest; one without paintings is emptied if not."""
        found = self._read(MANIFEST)
        if not isinstance(found, dict) or MARK not in found:
            raise self._damaged(MANIFEST)
        if found == self._manifest:
            return True
        paintings = len(list(self.path.glob("scene-*/[!.]*.png")))
        if paintings:
            raise SinkError(
                f"{self.path} keeps {paintings} painting{'s' * (paintings > 1)} of other settings "
                f"({_differences(found, self._manifest)}). Finish them with the old settings, "
                "delete the folder, or choose another output name.",
                ELSEWHERE,
            )
        delete_own(self.path, OWN)
        return False

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
    """The file name, without suffix, of a frame's painting: its number in the scene and a stage."""
    return f"{number:06d}-{stage}"


def _checked_scene(number: int, start: int, frames: int, continues: bool) -> Scene:
    """A scene as it was written down, with numbers that can be true."""
    if not all(type(each) is int for each in (number, start, frames)):
        raise TypeError(number, start, frames)
    if not (0 <= number < MOST_SCENES and start >= 0 and frames >= 1):
        raise ValueError(number, start, frames)
    return Scene(number, start, frames, bool(continues))


def _checked_plan(every: int, scale: float) -> FilmPlan:
    """A plan as it was written down, with numbers that can be true."""
    if type(every) is not int:
        raise TypeError(every)
    if not (every >= 1 and 0 < scale <= 1):
        raise ValueError(every, scale)
    return FilmPlan(every, scale)


def _differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The settings in which two manifests differ, in words."""
    old, new = _flat(found), _flat(wanted)
    names = [name for name in {**new, **old} if old.get(name) != new.get(name)]
    return ", ".join(
        f"another {name}"
        if _is_digest(new.get(name))
        else f"{name}: was {_word(old.get(name))}, is {_word(new.get(name))}"
        for name in names
    )


def _flat(manifest: Mapping[str, Any]) -> dict[str, Any]:
    settings = manifest.get("settings")
    own = {name: value for name, value in manifest.items() if name != "settings"}
    return {**own, **(settings if isinstance(settings, dict) else {})}


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _word(value: Any) -> str:
    return "none" if value is None else str(value)

"""A folder with what has been painted so far, so that an interrupted run can go on."""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidstyle.errors import SinkError, SourceError, reason
from vidstyle.frame import RGBImage
from vidstyle.media.atomic import write_whole
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.optimize.budget import FilmPlan
from vidstyle.optimize.scene_detection import Scene

MANIFEST, SCENES, PLAN = "manifest.json", "scenes.json", "plan.json"


class WorkFolder:
    """Paintings by scene, pass and frame, beside a manifest that says what they belong to.

    Everything is written whole or not at all, so a run that was killed has lost the picture it
    was at, and nothing else.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """Open the folder, or make it; what belongs to another manifest is deleted.

        Args:
            path: the folder.
            manifest: plain data: what the input is and how it is painted.

        Raises:
            SinkError: the disk refused, or the folder is not one of these, or damaged.
        """
        self.path = path
        self.resumed = False
        try:
            if path.exists():
                self.resumed = self._read(MANIFEST) == manifest
                if not self.resumed:
                    shutil.rmtree(path)
            if not self.resumed:
                path.mkdir()
                self._write(MANIFEST, manifest)
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
            return [Scene(**scene) for scene in self._read(SCENES)]
        except TypeError as error:
            raise self._damaged(SCENES) from error

    def plan(self, make: Callable[[], FilmPlan]) -> FilmPlan:
        """How the film is painted, decided only once: another speed would be another film.

        Raises:
            SinkError: the disk refused, or the folder is damaged.
        """
        if not (self.path / PLAN).exists():
            self._write(PLAN, asdict(make()))
        try:
            return FilmPlan(**self._read(PLAN))
        except TypeError as error:
            raise self._damaged(PLAN) from error

    def painting(self, scene: Scene, name: str) -> RGBImage | None:
        """A painting that was kept, HxWx3 uint8 RGB, or None.

        Raises:
            SinkError: it is damaged.
        """
        file = self._file(scene, name)
        if not file.exists():
            return None
        try:
            return read_photo(file)
        except SourceError as error:
            raise self._damaged(file.relative_to(self.path)) from error

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
        """Delete the folder: the film is finished."""
        shutil.rmtree(self.path)

    def _file(self, scene: Scene, name: str) -> Path:
        return self.path / f"scene-{scene.number:05d}" / f"{name}.png"

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (ValueError, FileNotFoundError, NotADirectoryError) as error:
            raise self._damaged(name) from error

    def _write(self, name: str, content: Any) -> None:
        try:
            write_whole(self.path / name, json.dumps(content, indent=2).encode())
        except OSError as error:
            raise SinkError(f"Cannot write {self.path / name}: {reason(error)}.") from error

    def _damaged(self, name: str | Path) -> SinkError:
        return SinkError(
            f"{self.path / name} is damaged or not from vidstyle. "
            f"Delete {self.path} to start afresh, or choose another name with -o."
        )


def file_name(image: RGBImage, way: str) -> str:
    """What a picture's painting is kept as: the same for the same picture painted the same way."""
    return f"{hashlib.sha256(image.tobytes()).hexdigest()[:24]}-{way}"

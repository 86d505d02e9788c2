"""Run folder of a training: checkpoint, contact sheet and loss curves; no files of others."""

import re
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import ELSEWHERE, SinkError, StyleError, reason
from vidstyle.media.owned_files import delete_own, delete_partials, foreign_entries
from vidstyle.options import TrainOptions
from vidstyle.training.checkpoint import read_checkpoint

RUN_FILES = re.compile(r"checkpoint\.pt|(step-\d{7}|preview|losses)\.png")


class RunFolder:
    """Folder beside the style that a training writes, which a resumed run goes on from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = path / "checkpoint.pt"
        self.curves = path / "losses.png"

    def check(self, options: TrainOptions) -> None:
        """Check before any work that a run can resume from the folder, or may overwrite it.

        Raises:
            SinkError: it is left from an earlier run, or holds other files.
            StyleError: there is no checkpoint to resume from, or it is broken.
        """
        if options.resume:
            read_checkpoint(self.checkpoint)
        elif self._is_taken() and not options.overwrite:
            raise SinkError(
                f"{self.path} is left from an earlier run. Resume it, or start afresh by "
                "overwriting it.",
                {"resume": True},
                {"overwrite": True},
            )
        elif self._is_taken():
            self._check_ownership()

    def make_empty(self) -> None:
        """Create the folder, or delete an earlier run's files in it.

        Raises:
            SinkError: it cannot be made, or holds other files.
        """
        try:
            if self.path.exists():
                self._check_ownership()
                delete_own(self.path, RUN_FILES)
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise SinkError(f"Cannot make {self.path}: {reason(error)}.") from error

    def delete_partials(self) -> None:
        """Delete the partial files of a killed run."""
        delete_partials(self.path, RUN_FILES)

    def delete(self) -> None:
        """Delete the run's files as far as possible, and the folder if it is empty then."""
        with suppress(OSError):
            delete_own(self.path, RUN_FILES)

    def _is_taken(self) -> bool:
        return self.path.exists() or self.path.is_symlink()

    def _check_ownership(self) -> None:
        """Check that the folder holds files of a training run only.

        Raises:
            SinkError: it is a link or a file, or holds other files.
        """
        choice = "Choose another output name."
        if self.path.is_symlink() or not self.path.is_dir():
            raise SinkError(f"{self.path} is no folder of a training run. {choice}", ELSEWHERE)
        foreign = foreign_entries(self.path, RUN_FILES)
        if not foreign and not self._is_marked():
            foreign = sorted(self.path.iterdir())
        if foreign:
            raise SinkError(
                f"{self.path} holds files that no training run wrote, such as {foreign[0].name}. "
                f"{choice}",
                ELSEWHERE,
            )

    def _is_marked(self) -> bool:
        """Whether the folder is empty, or holds a preview column or checkpoint of a training."""
        if any(self.path.glob("step-*.png")) or not any(self.path.iterdir()):
            return True
        with suppress(StyleError):
            read_checkpoint(self.checkpoint)
            return True
        return False

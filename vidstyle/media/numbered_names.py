"""Numbered file names of image sequences, as FFmpeg writes them: frame_%04d.png."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PLACE = re.compile(r"%0?(?P<digits>\d*)d")


@dataclass(frozen=True, slots=True)
class NumberedNames:
    """Names of the pictures of a sequence in one folder: prefix, zero-padded number, suffix."""

    folder: Path
    prefix: str
    digits: int  # at least; larger numbers have more
    suffix: str  # the rest of the name, as ".png"

    @classmethod
    def parse(cls, path: Path) -> Self | None:
        """Names of a path with one place for a number, such as "frame_%04d.png"; None without."""
        places = list(PLACE.finditer(path.name))
        if len(places) != 1:
            return None
        (place,) = places
        before, after = path.name[: place.start()], path.name[place.end() :]
        return cls(path.parent, before, int(place["digits"] or 1), after)

    def file(self, number: int) -> Path:
        """Path of the picture with a number."""
        return self.folder / f"{self.prefix}{number:0{self.digits}d}{self.suffix}"

    def number(self, file: Path) -> int | None:
        """Number in the name of a picture; None for other files, and for other folders' files."""
        found = re.fullmatch(f"{re.escape(self.prefix)}(\\d+){re.escape(self.suffix)}", file.name)
        if found is None or self.file(int(found[1])) != file:
            return None
        return int(found[1])

    def files(self) -> dict[int, Path]:
        """Existing pictures by number, in order; none of a folder that cannot be read."""
        found = {}
        with suppress(OSError):
            for file in self.folder.iterdir():
                number = self.number(file)
                if number is not None:
                    found[number] = file
        return dict(sorted(found.items()))

    def first_file(self) -> Path | None:
        """The existing picture with the lowest number; None without any."""
        return next(iter(self.files().values()), None)

"""Networks to evaluate, each with its painting: shipped styles, files, predictions, peers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from vidstyle.assets import intact_file
from vidstyle.errors import SourceError, StyleError
from vidstyle.network.architecture import LARGEST_BYTES
from vidstyle.stylize.catalog import shipped_styles
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.painting_style import is_picture, painting_network, read_paintings
from vidstyle.training.results import int8_path

# Engstrom's fast-style-transfer networks, by the end of the file's name.
PEER_PAINTINGS = {"wave": "hokusai-great-wave.jpg", "udnie": "picabia-udnie.jpg"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Generator to evaluate, and the painting it was trained on."""

    name: str
    file: Path
    painting: Path
    size_class: str | None = None  # a peer has none

    @property
    def bytes(self) -> int:
        return self.file.stat().st_size

    @property
    def int8_file(self) -> Path | None:
        """Its int8 form in the same folder; None without one."""
        file = int8_path(self.file)
        return file if file.is_file() else None

    def keeps_limit(self, size: int) -> bool:
        """Whether a size in bytes is within the limit of its size class."""
        return size <= LARGEST_BYTES.get(self.size_class or "", 0)


def shipped_candidates(paintings: Path) -> list[Candidate]:
    """All styles of models/catalog.json, each with its painting in a folder.

    A style's painting is the catalog's `painting.file`.

    Raises:
        StyleError: a file is missing or altered.
        SourceError: a painting is not there.
    """
    return [
        Candidate(
            Path(style.file).stem,
            intact_file(style.file, style.sha256),
            _existing(paintings / style.painting["file"]),
            style.size_class,
        )
        for style in shipped_styles()
    ]


def named_candidates(arguments: Sequence[str], paintings: Path) -> list[Candidate]:
    """Generators given as FILE=PAINTING, the painting a path or a name in the folder.

    The size class is read from the file's metadata, or else the smallest that fits its size.

    Raises:
        StyleError: not of this form, or not a generator.
        SourceError: the painting is not there.
    """
    candidates = []
    for argument in arguments:
        file, separator, painting = argument.rpartition("=")
        if not separator or not file or not painting:
            raise StyleError(f"--model takes FILE.onnx=PAINTING, not {argument!r}.")
        path = Path(file)
        OnnxGenerator(path)
        found = _existing(Path(painting) if Path(painting).is_file() else paintings / painting)
        candidates.append(Candidate(path.stem, path, found, _class_of(path)))
    names = Counter(candidate.name for candidate in candidates)
    return [  # the same name out of several folders
        c if names[c.name] == 1 else replace(c, name=f"{c.file.resolve().parent.name}-{c.name}")
        for c in candidates
    ]


def predicted_candidates(folder: Path) -> list[Candidate]:
    """The networks that are predicted for the pictures in a folder, as styles without a training.

    Raises:
        SourceError: there is no such folder, no picture in it, or one cannot be read.
        StyleError: a picture cannot be a style.
    """
    pictures = sorted(file for file in folder.glob("*") if is_picture(file.name))
    if not pictures:
        raise SourceError(f"There are no pictures in {folder}.")
    return [
        Candidate(
            file.stem, painting_network(read_paintings(str(file))).plain, file.resolve(), "55k"
        )
        for file in pictures
    ]


def peer_candidates(folder: Path, paintings: Path) -> tuple[list[Candidate], list[str]]:
    """The peer networks in a folder, and a line for each without its painting in `paintings`.

    Raises:
        SourceError: there is no such folder, or no .onnx in it.
    """
    files = sorted(folder.glob("*.onnx")) if folder.is_dir() else []
    if not files:
        raise SourceError(f"There are no .onnx networks in {folder}.")
    peers, skipped = [], []
    for file in files:
        for ending, painting in PEER_PAINTINGS.items():
            if file.stem.endswith(ending) and (paintings / painting).is_file():
                found = _existing(paintings / painting)
                peers.append(Candidate(f"peer {ending}", file, found))
                break
        else:
            skipped.append(f"{file.name}: the painting it was taught is not in {paintings}.")
    return peers, skipped


def _existing(painting: Path) -> Path:
    if not painting.is_file():
        raise SourceError(f"There is no painting {painting}.")
    return painting.resolve()  # the same painting given in two ways is the same


def _class_of(file: Path) -> str | None:
    about = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    size = file.stat().st_size
    holding = (name for name, limit in LARGEST_BYTES.items() if size <= limit)
    return about.get("size_class") or next(holding, None)

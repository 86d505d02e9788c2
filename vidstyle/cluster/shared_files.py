"""Files that tasks read on other machines: at the same path where that is there, else by content.

Content travels in blocks and is kept in a folder of the worker under its SHA-256.
"""

import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_cache_path

from vidstyle.cluster.dispatch import DamagedResultError
from vidstyle.media.atomic import replace_file
from vidstyle.media.cache_folder import delete_least_recent
from vidstyle.media.file_identity import content_digest, file_identity

BLOCK_BYTES = 8 << 20
MAX_BYTES = 20 << 30  # of the folder; what was used longest ago is deleted
OWN = re.compile(r"[0-9a-f]{64}(\.\w+)?|\.[0-9a-f]{16}\.incoming")


@dataclass(frozen=True, slots=True)
class SharedFile:
    """File of the coordinator, as workers look for it."""

    path: str
    size: int  # bytes
    identity: str  # see `file_identity`
    sha256: str | None = None  # once its content had to be sent

    @classmethod
    def of(cls, path: Path) -> "SharedFile":
        """Describe a file.

        Raises:
            OSError: it cannot be read.
        """
        path = path.absolute()
        return cls(str(path), path.stat().st_size, file_identity(path))

    @property
    def content_name(self) -> str:
        """Name of the copy; the suffix tells what the file is."""
        suffix = Path(self.path).suffix
        return f"{self.sha256}{suffix if OWN.fullmatch(f'{self.sha256}{suffix}') else ''}"


class SharedFiles:
    """Files of a coordinator for its workers; callable from any thread."""

    def __init__(self, files: Iterable[Path | str]) -> None:
        """Describe files.

        Args:
            files: paths; what each is called here is its name in `files`, as "./ink.jpg".

        Raises:
            OSError: one cannot be read.
        """
        self._lock = threading.Lock()
        self._files = {str(name): SharedFile.of(Path(name)) for name in files}

    @property
    def files(self) -> dict[str, SharedFile]:
        """The files by their name at the coordinator, as it was given."""
        with self._lock:
            return dict(self._files)

    def with_content(self, name: str) -> SharedFile:
        """File with the SHA-256 of its content, which is computed once."""
        with self._lock:
            file = self._files[name]
            if file.sha256 is None:
                digest = content_digest(Path(file.path))
                self._files[name] = file = replace(file, sha256=digest)
            return file


def blocks_of(file: SharedFile) -> Iterator[bytes]:
    """Yield the content of a file in blocks."""
    with Path(file.path).open("rb") as opened:
        while block := opened.read(BLOCK_BYTES):
            yield block


def found(file: SharedFile, folder: Path | None = None) -> Path | None:
    """Path of a file on this machine, the same file or a copy; None where there is neither."""
    with suppress(OSError):
        same = Path(file.path)
        if same.stat().st_size == file.size and file_identity(same) == file.identity:
            return same
    if file.sha256 is None:
        return None
    copy = (folder or copies_folder()) / file.content_name
    if not copy.is_file():
        return None
    with suppress(OSError):
        os.utime(copy)
    return copy


def copies_folder() -> Path:
    """Folder of the copies on this machine."""
    return user_cache_path("vidstyle", appauthor=False) / "cluster"


def new_copy(file: SharedFile, folder: Path | None = None) -> str:
    """Begin a copy, make room for it, and return its token."""
    folder, token = folder or copies_folder(), secrets.token_hex(8)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    delete_least_recent(folder, OWN, MAX_BYTES - file.size)
    _incoming(folder, token).touch()
    return token


def add_block(token: str, block: bytes, folder: Path | None = None) -> None:
    """Append a block to a copy."""
    with _incoming(folder or copies_folder(), token).open("ab") as incoming:
        incoming.write(block)


def complete_copy(token: str, file: SharedFile, folder: Path | None = None) -> None:
    """Check a copy and give it its name.

    Raises:
        DamagedResultError: the content is another one.
    """
    folder = folder or copies_folder()
    incoming = _incoming(folder, token)
    try:
        if content_digest(incoming) != file.sha256:
            raise DamagedResultError(f"{file.path} changed on its way, or while it was sent.")
        replace_file(incoming, folder / file.content_name)
    finally:
        incoming.unlink(missing_ok=True)


def _incoming(folder: Path, token: str) -> Path:
    return folder / f".{token}.incoming"

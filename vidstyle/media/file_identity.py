"""Digests of a file: of its content, or only of its size, its time and its ends."""

import hashlib
from pathlib import Path

ENDS = 1 << 20  # bytes at the beginning and the end of a file that identify it


def file_identity(file: Path) -> str:
    """SHA-256 of a file's size, time of change, first and last MiB.

    Raises:
        OSError: it cannot be read.
    """
    status = file.stat()
    digest = hashlib.sha256(f"{status.st_size} {status.st_mtime_ns}".encode())
    with file.open("rb") as opened:
        digest.update(opened.read(ENDS))
        opened.seek(max(0, status.st_size - ENDS))
        digest.update(opened.read())
    return digest.hexdigest()


def content_digest(file: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()

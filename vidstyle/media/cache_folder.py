"""Cache folders: deletion of the files that were used longest ago."""

import re
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG


def delete_least_recent(folder: Path, own: re.Pattern[str], limit_bytes: float) -> None:
    """Delete the own files that were used longest ago, until the others are within a limit.

    A use is noted by `os.utime`. Other processes may use the folder at the same time; files that
    they have deleted, or keep open on Windows, are passed over.

    Args:
        folder: existing folder; entries of others in it stay.
        own: pattern of the names of own files, partial ones too.
        limit_bytes: largest total size of the own files that stay.

    Raises:
        OSError: the folder cannot be read.
    """
    found = list[tuple[float, int, Path]]()  # time of use, bytes and path of each
    for file in folder.iterdir():
        with suppress(OSError):
            status = file.lstat()
            if own.fullmatch(file.name) and S_ISREG(status.st_mode):
                found.append((status.st_mtime, status.st_size, file))
    total = sum(size for _, size, _ in found)
    for _, size, file in sorted(found):
        if total <= limit_bytes:
            return
        total -= size
        with suppress(OSError):
            file.unlink(missing_ok=True)

"""Arrays that were computed before, in a folder of the user's cache that stays small."""

import hashlib
import logging
import os
import re
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from vidstyle.media.atomic import write_whole

log = logging.getLogger(__name__)

LIMIT_BYTES = 64e6  # twenty sizes of paintings; what was not used for longest goes first

OWN = re.compile(r"[0-9a-f]{64}\.npz|\.[0-9a-f]{64}\.[0-9a-f]{8}\.partial\.npz")

Arrays = dict[str, NDArray[np.float32]]


class Cache:
    """Named arrays by a key that says what they were computed from.

    Several processes may use one folder: a file is written whole or not at all, and one that is
    gone or damaged is as good as never written.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: float = LIMIT_BYTES) -> None:
        """Use a folder; the user's cache folder if None."""
        self._folder = folder or user_cache_path("vidstyle", appauthor=False) / "paintings"
        self._limit_bytes = limit_bytes

    def get(self, key: str) -> Arrays | None:
        """What was put there under this key, if it is still there."""
        file = self._file(key)
        try:
            with file.open("rb") as opened, np.load(opened) as arrays:
                found = dict(arrays)
            os.utime(file)
        except Exception as error:  # damaged archives raise whatever they like
            log.debug("nothing in the cache for %s: %s", key, error)
            return None
        return found

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep arrays, and drop older ones that no longer fit. A full disk only costs the entry."""
        encoded = BytesIO()
        np.savez(encoded, allow_pickle=False, **arrays)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._file(key), encoded.getbuffer())
            self._drop_old()
        except OSError as error:
            log.warning("What was seen of the painting is not kept for next time: %s", error)

    def _file(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"

    def _drop_old(self) -> None:
        own = (file for file in self._folder.iterdir() if OWN.fullmatch(file.name))
        found = [(file, file.lstat()) for file in own]
        room = self._limit_bytes
        for file, stat in sorted(found, key=lambda each: each[1].st_mtime, reverse=True):
            room -= stat.st_size
            if room < 0:
                file.unlink(missing_ok=True)

"""Disk cache of NumPy arrays by key, LRU with a size limit, in the user's cache folder."""

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
from vidstyle.media.cache_folder import delete_least_recent

log = logging.getLogger(__name__)

LIMIT_BYTES = 64e6  # Gram matrices of a painting at 20 sizes; least recently used files go first

OWN = re.compile(r"[0-9a-f]{64}\.npz|\.[0-9a-f]{64}\.[0-9a-f]{8}\.partial\.npz")

Arrays = dict[str, NDArray[np.float32]]


class Cache:
    """Named float32 arrays by a key that identifies their input.

    Several processes may use one folder: files are written atomically, and a missing or damaged
    file is a cache miss.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: float = LIMIT_BYTES) -> None:
        """Open a cache.

        Args:
            folder: the folder, made at the first write; None for the user's cache folder.
            limit_bytes: largest total size of its files.
        """
        self._folder = folder or user_cache_path("vidstyle", appauthor=False) / "paintings"
        self._limit_bytes = limit_bytes

    def get(self, key: str) -> Arrays | None:
        """Return the arrays stored under a key; None if they are missing or damaged."""
        file = self._file(key)
        try:
            with file.open("rb") as opened, np.load(opened) as arrays:
                found = dict(arrays)
            os.utime(file)
        except Exception as error:  # a damaged archive can raise any exception
            log.debug("nothing in the cache for %s: %s", key, error)
            return None
        return found

    def put(self, key: str, arrays: Arrays) -> None:
        """Store arrays and delete the least recently used ones over the limit.

        An OSError, such as a full disk, is logged and the arrays are not stored.
        """
        encoded = BytesIO()
        np.savez(encoded, allow_pickle=False, **arrays)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_whole(self._file(key), encoded.getbuffer())
            delete_least_recent(self._folder, OWN, self._limit_bytes)
        except OSError as error:
            log.warning("What was seen of the painting is not kept for next time: %s", error)

    def _file(self, key: str) -> Path:
        return self._folder / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"

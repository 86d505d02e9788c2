"""Disk cache of paintings' networks: predicted ones, and those that were trained further.

A painting's network is predicted in a second or two, see `painting_style`; a training of a minute
or more makes it better. The last one is kept in the user's cache folder, by the painting's content,
as are the networks of mixes of paintings.
"""

import atexit
import hashlib
import logging
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

from vidstyle.media.atomic import write_whole
from vidstyle.media.cache_folder import delete_least_recent
from vidstyle.stylize.model_metadata import metadata_of
from vidstyle.stylize.painting_look import LOOK
from vidstyle.stylize.predictor import Paintings, predictor_digest

log = logging.getLogger(__name__)

LIMIT_BYTES = 20e6  # 250 paintings of 75 kB; the least recently used go first
RECIPE = b"3"  # changes with what the files depend on, besides painting, predictor and look
POLISHED_S = "polished_s"  # metadata entry: seconds of training; 0 for a predicted network
OWN = re.compile(r"\.?[0-9a-f]{64}(\.int8)?(\.[0-9a-f]{8}\.partial)?\.onnx")


@dataclass(frozen=True, slots=True)
class PaintingNetwork:
    """Generator of a painting, in both forms."""

    plain: Path  # computes in float32
    int8: Path
    seconds: float  # of training; 0 after the prediction


class PaintingCache:
    """Disk cache of paintings' networks, by the painting's pixels and the predictor.

    Several processes may use one folder: files are written atomically, and a missing or damaged
    file is a cache miss. Where the folder cannot be written to, the files of this process are in a
    temporary folder until `close`.
    """

    def __init__(self, folder: Path | None = None, limit_bytes: float = LIMIT_BYTES) -> None:
        """Open a cache.

        Args:
            folder: the folder, made at the first write; None for the user's cache folder.
            limit_bytes: largest total size of its files.
        """
        self._folder = folder or user_cache_path("vidstyle", appauthor=False) / "paintings"
        self._limit_bytes = limit_bytes
        self._spare: Path | None = None  # in place of a folder that cannot be written to

    def get(self, paintings: Paintings) -> PaintingNetwork | None:
        """Return the network of a painting or mix; None if it is missing or damaged."""
        for folder in filter(None, (self._spare, self._folder)):
            plain, int8 = _files(folder, paintings)
            try:
                seconds = float(metadata_of(int8.read_bytes())[POLISHED_S])
                if not plain.is_file():
                    continue
            except Exception as error:  # a damaged file fails in the protobuf or the number
                log.debug("no network in %s: %s", folder, error)
                continue
            with suppress(OSError):
                os.utime(plain)
                os.utime(int8)
            return PaintingNetwork(plain, int8, seconds)
        return None

    def put(self, paintings: Paintings, plain: bytes, int8: bytes) -> PaintingNetwork:
        """Store a network and delete the least recently used ones over the limit.

        Args:
            paintings: what it paints like.
            plain: content of the .onnx that computes in float32.
            int8: content of the other form, with the metadata entry `polished_s`.

        Raises:
            OSError: neither the folder nor a temporary one can be written to.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            kept = _write(self._folder, paintings, plain, int8)
            delete_least_recent(self._folder, OWN, self._limit_bytes)
        except OSError as error:
            log.debug("%s cannot be written to: %s", self._folder, error)
            self._spare = self._spare or Path(tempfile.mkdtemp(prefix="vidstyle-"))
            kept = _write(self._spare, paintings, plain, int8)
        return kept

    def close(self) -> None:
        """Delete the temporary folder, if there is one."""
        if self._spare is not None:
            shutil.rmtree(self._spare, ignore_errors=True)
            self._spare = None


@cache
def painting_cache() -> PaintingCache:
    """Return the cache of this process, in the user's cache folder; closed at its end."""
    found = PaintingCache()
    atexit.register(found.close)
    return found


def _files(folder: Path, paintings: Paintings) -> tuple[Path, Path]:
    digest = hashlib.sha256(RECIPE + predictor_digest() + repr(LOOK).encode())
    for painting, share in paintings:
        digest.update(repr((painting.shape, share)).encode())
        digest.update(painting.tobytes())
    key = digest.hexdigest()
    return folder / f"{key}.onnx", folder / f"{key}.int8.onnx"


def _write(folder: Path, paintings: Paintings, plain: bytes, int8: bytes) -> PaintingNetwork:
    files = _files(folder, paintings)
    for file, content in zip(files, (plain, int8), strict=True):
        write_whole(file, content)
    return PaintingNetwork(*files, float(metadata_of(int8)[POLISHED_S]))

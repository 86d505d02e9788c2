"""Uploads: content of clients on disk, in one folder each, received part by part."""

import json
import secrets
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from vidstyle.media.file_identity import content_digest
from vidstyle.media.image_file import READABLE_SUFFIXES
from vidstyle.media.source import VIDEO_SUFFIXES
from vidstyle.server import limits
from vidstyle.server.database import Database
from vidstyle.server.problems import Problem

KNOWN_SUFFIXES = {*READABLE_SUFFIXES, *VIDEO_SUFFIXES}  # all others are left away on disk
CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Upload:
    """Content of a client, complete or still being received."""

    id: str
    name: str  # label
    bytes: int  # of the complete content
    received: int
    created: float  # seconds since 1970
    path: Path
    sha256: str | None  # None until it is complete
    media: dict[str, Any] | None  # likewise; the answer of `conversion.probe`

    @property
    def is_complete(self) -> bool:
        """Whether all of it is there, and was found to be a photo or video."""
        return self.media is not None

    def document(self) -> dict[str, Any]:
        """The upload as clients see it."""
        return {
            "id": self.id,
            "name": self.name,
            "bytes": self.bytes,
            "received": self.received,
            "state": "complete" if self.is_complete else "receiving",
            "created": self.created,
            "media": self.media,
        }


class UploadStore:
    """Uploads of one server; callable from any thread."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        most_bytes: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the store, and delete folders that belong to no upload.

        Args:
            folder: of the content; made if it is missing.
            database: holds the rest.
            most_bytes: limit of one upload.
            clock: time of day in seconds since 1970.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._database, self._most = folder, database, most_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._busy = set[str]()  # ids that a request is receiving
        known = {upload.id for upload in self.uploads(limits.OPEN_UPLOADS * 1000)}
        for entry in folder.iterdir():
            if entry.name not in known:
                shutil.rmtree(entry, ignore_errors=True)

    def create(self, name: str, size: int) -> Upload:
        """Begin an upload.

        Args:
            name: label.
            size: of the complete content, in bytes.

        Raises:
            Problem: it is empty (422) or too large (413), the disk is too full (507), or too many
                are open (429).
        """
        if size <= 0:
            raise Problem(422, f"bytes must be over 0, not {size}.", ["bytes"])
        if size > self._most:
            most = f"{self._most / 1e6:,.0f} MB"
            raise Problem(413, f"{name} has {size / 1e6:,.0f} MB; the limit is {most}.", ["bytes"])
        self._check_disk(size)
        suffix = Path(name).suffix.lower()
        row = (
            secrets.token_hex(16),
            name,
            size,
            suffix if suffix in KNOWN_SUFFIXES else "",
            self._clock(),
        )
        with self._database.transaction() as rows:
            (number,) = rows.execute("SELECT count(*) FROM uploads WHERE media IS NULL").fetchone()
            if number >= limits.OPEN_UPLOADS:
                raise Problem(429, f"{number} uploads are not complete. Delete one first.")
            rows.execute(
                "INSERT INTO uploads (id, name, bytes, suffix, created, used) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                row,
            )
            (self._folder / row[0]).mkdir()
        return self.upload(row[0])

    def upload(self, id: str) -> Upload:
        """Upload of an id.

        Raises:
            Problem: there is none (404).
        """
        with self._database.transaction() as rows:
            found = rows.execute("SELECT * FROM uploads WHERE id = ?", (id,)).fetchone()
        if found is None:
            raise Problem(404, "There is no such upload. It may have been deleted.")
        return self._upload(found)

    def uploads(self, most: int = 1000) -> list[Upload]:
        """The newest uploads first."""
        with self._database.transaction() as rows:
            found = rows.execute(
                "SELECT * FROM uploads ORDER BY created DESC LIMIT ?", (most,)
            ).fetchall()
        return [self._upload(row) for row in found]

    @contextmanager
    def receiving(self, id: str, offset: int | None) -> Iterator["Receiver"]:
        """Yield a receiver of content from an offset, the only one of the upload meanwhile.

        Args:
            id: of the upload.
            offset: number of bytes that are there; None starts over.

        Raises:
            Problem: there is no such upload (404); it is complete, another request is receiving
                it, or the offset is not where it ended (409).
        """
        with self._lock:
            if id in self._busy:
                raise Problem(409, "Another request is sending this upload. Wait for its end.")
            self._busy.add(id)
        try:
            upload = self.upload(id)
            if upload.is_complete:
                raise Problem(409, f"{upload.name} is complete already.")
            if offset not in (None, upload.received):
                raise Problem(
                    409, f"The upload has {upload.received} bytes. Go on there, not at {offset}."
                )
            with upload.path.open("wb" if offset is None else "ab") as file:
                yield Receiver(file, upload.bytes - (offset or 0), self._check_disk)
        finally:
            with self._lock:
                self._busy.discard(id)

    def complete(self, id: str, media: dict[str, Any]) -> Upload:
        """Mark an upload as complete; reads its content once, for the digest."""
        upload = self.upload(id)
        digest = content_digest(upload.path)
        with self._database.transaction() as rows:
            rows.execute(
                "UPDATE uploads SET sha256 = ?, media = ?, used = ? WHERE id = ?",
                (digest, json.dumps(media), self._clock(), id),
            )
        return self.upload(id)

    def remove(self, id: str) -> None:
        """Delete an upload.

        Raises:
            Problem: there is none (404), or a job needs it (409).
        """
        upload = self.upload(id)
        with self._database.transaction() as rows:
            if _is_needed(rows, id):
                raise Problem(409, f"A job needs {upload.name}. Cancel it first.")
            rows.execute("DELETE FROM uploads WHERE id = ?", (id,))
        shutil.rmtree(self._folder / id, ignore_errors=True)

    def touch(self, id: str) -> None:
        """Note that an upload is in use, which keeps it longer."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE uploads SET used = ? WHERE id = ?", (self._clock(), id))

    def expire(self, keep_s: float) -> None:
        """Delete uploads that were not used for some time, but for those that jobs need."""
        with self._database.transaction() as rows:
            old = rows.execute(
                "SELECT id FROM uploads WHERE used < ?", (self._clock() - keep_s,)
            ).fetchall()
            ids = [row["id"] for row in old if not _is_needed(rows, row["id"])]
            rows.executemany("DELETE FROM uploads WHERE id = ?", [(id,) for id in ids])
        for id in ids:
            shutil.rmtree(self._folder / id, ignore_errors=True)

    def _upload(self, row: sqlite3.Row) -> Upload:
        path = self._folder / row["id"] / f"{CONTENT}{row['suffix']}"
        return Upload(
            id=row["id"],
            name=row["name"],
            bytes=row["bytes"],
            received=path.stat().st_size if path.exists() else 0,
            created=row["created"],
            path=path,
            sha256=row["sha256"],
            media=None if row["media"] is None else json.loads(row["media"]),
        )

    def _check_disk(self, size: int) -> None:
        if shutil.disk_usage(self._folder).free - size < limits.FREE_BYTES:
            raise Problem(507, "The disk of the server is full. Delete results or uploads.")


class Receiver:
    """Open content file of an upload, to which parts are appended; belongs to one request."""

    def __init__(self, file: BinaryIO, left: int, check_disk: Callable[[int], None]) -> None:
        self._file, self._check_disk = file, check_disk
        self.left = left  # bytes that are still missing
        self.written = 0  # bytes

    def write(self, part: bytes | bytearray) -> None:
        """Append a part.

        Raises:
            Problem: it is more than was announced (413), or the disk is full (507).
            OSError: it cannot be written.
        """
        if len(part) > self.left:
            raise Problem(413, "The content is longer than the bytes that were announced.")
        self._check_disk(len(part))
        self._file.write(part)
        self._file.flush()
        self.left -= len(part)
        self.written += len(part)


def _is_needed(rows: sqlite3.Connection, id: str) -> bool:
    """Whether a waiting or running job takes an upload as its input."""
    query = "SELECT 1 FROM jobs WHERE upload = ? AND state IN ('queued', 'running')"
    return rows.execute(query, (id,)).fetchone() is not None

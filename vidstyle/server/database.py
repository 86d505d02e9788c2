"""Database of the server: SQLite in one file, its tables, and transactions from any thread."""

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vidstyle.errors import OptionError

VERSION = 2  # of the tables
BUSY_S = 10.0  # wait for another process, as a backup
SYSTEM_ERRORS = {
    sqlite3.SQLITE_BUSY: errno.EBUSY,
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
}  # by SQLite's number
TABLES = """
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    suffix TEXT NOT NULL,
    created REAL NOT NULL,
    used REAL NOT NULL,
    sha256 TEXT,
    media TEXT
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL,
    client TEXT NOT NULL,
    lane TEXT NOT NULL,
    cost_s REAL NOT NULL,
    upload TEXT,
    job TEXT,
    spec TEXT NOT NULL,
    created REAL NOT NULL,
    queued REAL NOT NULL,
    started REAL,
    finished REAL,
    used REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease INTEGER NOT NULL DEFAULT 0,
    lease_until REAL,
    progress TEXT,
    note TEXT,
    error TEXT,
    result TEXT
);
CREATE INDEX jobs_by_state ON jobs (state, lane);
CREATE INDEX jobs_by_revision ON jobs (revision);
CREATE INDEX jobs_by_time ON jobs (created);
CREATE TABLE deleted_jobs (id TEXT NOT NULL, revision INTEGER PRIMARY KEY);
CREATE TABLE counter (revision INTEGER NOT NULL);
INSERT INTO counter VALUES (0);
"""
LEASES = "ALTER TABLE jobs ADD COLUMN lease INTEGER NOT NULL DEFAULT 0;"
UPGRADES = {0: TABLES, 1: LEASES}  # of older versions; a new file has version 0


class Database:
    """Connection to the file, shared by all threads, one transaction at a time."""

    def __init__(self, file: Path) -> None:
        """Open or create the file.

        Raises:
            OptionError: it cannot be opened or written, is damaged, or of a newer version.
        """
        self.lock = threading.RLock()  # held by transactions; longer for files that go with rows
        with _explained_errors(file), ExitStack() as opened:
            self._connection = sqlite3.connect(
                file, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            opened.callback(self._connection.close)
            self._prepare(file)
            opened.pop_all()

    def _prepare(self, file: Path) -> None:
        """Set up the connection, and bring the tables to this version."""
        self._connection.row_factory = sqlite3.Row
        # The end of the process loses nothing; only a power cut may take the last writes.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION:
            raise OptionError(f"data: {file} is of a newer version of vidstyle.", "data")
        if version in UPGRADES:
            self._connection.executescript(
                f"BEGIN; {UPGRADES[version]} PRAGMA user_version = {VERSION}; COMMIT;"
            )

    def close(self) -> None:
        """Close the file, after the running transaction."""
        with self.lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for a transaction, which an exception rolls back.

        Raises:
            OSError: the file cannot be read or written, as on a full disk, or is locked for long.
        """
        with self.lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    if self._connection.in_transaction:  # else SQLite has rolled it back
                        self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                number = SYSTEM_ERRORS.get(error.sqlite_errorcode & 0xFF)  # without the details
                if number is None:
                    raise
                raise OSError(number, f"{os.strerror(number)} ({error})") from error


@contextmanager
def _explained_errors(file: Path) -> Iterator[None]:
    """Raise errors of a block that opens the file as `OptionError`."""
    try:
        yield
    except sqlite3.OperationalError as error:  # a kind of DatabaseError
        raise OptionError(
            f"data: {file} cannot be opened: {error}. "
            "Make it writable, end other programs that use it, or choose another folder.",
            "data",
        ) from error
    except sqlite3.DatabaseError as error:
        raise OptionError(
            f"data: {file} is damaged ({error}). Move it away to begin anew.", "data"
        ) from error

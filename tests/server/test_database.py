"""The database holds its transactions, and says when its file cannot be used."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vidstyle.errors import OptionError
from vidstyle.server.database import Database


def test_a_transaction_is_whole_or_not_there(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite")
    with pytest.raises(KeyError), database.transaction() as rows:
        rows.execute("UPDATE counter SET revision = 7")
        raise KeyError
    with database.transaction() as rows:
        assert rows.execute("SELECT revision FROM counter").fetchone()[0] == 0
        rows.execute("UPDATE counter SET revision = 7")
    database.close()
    again = Database(tmp_path / "a.sqlite")
    with again.transaction() as rows:
        assert rows.execute("SELECT revision FROM counter").fetchone()[0] == 7
    again.close()


def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite")
    with database.transaction() as rows:
        (pages,) = rows.execute("PRAGMA page_count").fetchone()
        rows.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OSError, match="No space left"), database.transaction() as rows:
        rows.execute("INSERT INTO deleted_jobs VALUES (?, 1)", ("x" * 100_000,))
    database.close()


def test_a_file_that_is_locked_for_long_is_an_error_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.server.database.BUSY_S", 0.0)
    file = tmp_path / "a.sqlite"
    with closing(Database(file)) as database:
        with closing(sqlite3.connect(file, isolation_level=None)) as backup:
            backup.execute("BEGIN IMMEDIATE")
            with pytest.raises(OSError, match="database is locked"), database.transaction():
                raise AssertionError
        with database.transaction() as rows:
            assert rows.execute("SELECT revision FROM counter").fetchone()[0] == 0


def test_a_file_that_cannot_be_opened_is_not_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(OptionError, match=r"folder\.sqlite cannot be opened: unable to open"):
        Database(tmp_path / "folder.sqlite")


def test_a_locked_file_is_not_said_to_be_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.server.database.BUSY_S", 0.0)
    with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OptionError, match="cannot be opened: database is locked"):
            Database(tmp_path / "a.sqlite")


def test_a_file_that_is_refused_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connections, connect = list[sqlite3.Connection](), sqlite3.connect

    def connected(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        connections.append(connect(*arguments, **settings))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", connected)
    (tmp_path / "a.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(OptionError):
        Database(tmp_path / "a.sqlite")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[0].execute("SELECT 1")


def test_a_file_of_an_older_version_is_upgraded_with_its_rows(tmp_path: Path) -> None:
    Database(tmp_path / "a.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as older:
        older.execute("ALTER TABLE jobs DROP COLUMN lease")
        older.execute("UPDATE counter SET revision = 7")
        older.execute("PRAGMA user_version = 1")
    for _ in range(2):
        with closing(Database(tmp_path / "a.sqlite")) as database, database.transaction() as rows:
            assert rows.execute("SELECT revision FROM counter").fetchone()[0] == 7
            assert not rows.execute("SELECT lease FROM jobs").fetchall()


def test_a_damaged_or_newer_file_is_not_touched(tmp_path: Path) -> None:
    damaged, newer = tmp_path / "damaged.sqlite", tmp_path / "newer.sqlite"
    damaged.write_bytes(b"no database" * 100)
    with pytest.raises(OptionError, match="is damaged"):
        Database(damaged)
    assert damaged.read_bytes() == b"no database" * 100
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OptionError, match="newer version"):
        Database(newer)

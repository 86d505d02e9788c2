"""Rows that outlive a stopped measurement."""

from pathlib import Path

from tools.benchmarks.resumable_rows import ResumableRows


def test_rows_are_there_again_when_the_same_is_measured(tmp_path: Path) -> None:
    file, about = tmp_path / "rows.json", {"size": 512}
    kept = ResumableRows(file, about)
    kept.put("everything", {"seconds": 41.5})
    kept.put("one thread", {"seconds": 80.0})
    again = ResumableRows(file, about)
    assert again.rows == {"everything": {"seconds": 41.5}, "one thread": {"seconds": 80.0}}
    assert again.report == {"size": 512, "rows": again.rows}


def test_rows_of_something_else_are_not(tmp_path: Path) -> None:
    ResumableRows(tmp_path / "rows.json", {"size": 512}).put("everything", {"seconds": 41.5})
    assert ResumableRows(tmp_path / "rows.json", {"size": 256}).rows == {}

"""Resumable results of a long benchmark: a JSON file of rows, written after each row."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidstyle.media.atomic import write_whole

Row = dict[str, float]


class ResumableRows:
    """Rows of figures in a JSON file, with the conditions they were measured under."""

    def __init__(self, file: Path, about: Mapping[str, Any]) -> None:
        """Read the rows of an earlier run with equal conditions `about`; discard others."""
        self._file, self._about = file, dict(about)
        self.rows: dict[str, Row] = {}
        if file.exists():
            kept = json.loads(file.read_bytes())
            rows = kept.pop("rows")
            self.rows = rows if kept == self._about else {}

    @property
    def report(self) -> dict[str, Any]:
        """Conditions and rows, for JSON."""
        return self._about | {"rows": self.rows}

    def put(self, name: str, row: Row) -> None:
        """Add a row and write the file."""
        self.rows[name] = row
        write_whole(self._file, json.dumps(self.report, indent=2).encode())

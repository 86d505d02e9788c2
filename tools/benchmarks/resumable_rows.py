"""Rows of a long measurement, kept as they come, so that it can be stopped and gone on with."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidstyle.media.atomic import write_whole

Row = dict[str, float]


class KeptRows:
    """Figures by row in a JSON file, beside what they were measured of."""

    def __init__(self, file: Path, about: Mapping[str, Any]) -> None:
        """Read what an earlier call left, if it was about the same; forget it otherwise."""
        self._file, self._about = file, dict(about)
        self.rows: dict[str, Row] = {}
        if file.exists():
            kept = json.loads(file.read_bytes())
            rows = kept.pop("rows")
            self.rows = rows if kept == self._about else {}

    @property
    def report(self) -> dict[str, Any]:
        """All of it, for a last line."""
        return self._about | {"rows": self.rows}

    def put(self, name: str, row: Row) -> None:
        """Add a row."""
        self.rows[name] = row
        write_whole(self._file, json.dumps(self.report, indent=2).encode())

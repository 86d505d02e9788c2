"""Results of runs: the fields that conversions, trainings and live sessions have in common."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Result of a run that has ended."""

    seconds: float  # wall clock, from the start, with interrupted runs that it goes on from


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult(RunResult):
    """Result of a run that makes a file."""

    output: Path | None  # None where nothing was written
    output_bytes: int
    warnings: list[str] = field(default_factory=list)  # differences from the input, missing parts

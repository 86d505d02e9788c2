"""Empty files to list, in folders, and the names of the outputs that they get."""

from pathlib import Path

from vidstyle.apps.batch_jobs import Job
from vidstyle.apps.outputs import Failure

STYLES = ("negative", "white")  # of the fixture `shelf`


def touch(folder: Path, *names: str) -> list[Path]:
    files = [folder / name for name in names]
    for file in files:
        file.touch()
    return files


def targets(jobs: list[Job | Failure]) -> list[str]:
    return [job.output.name for job in jobs if isinstance(job, Job)]


def tree(folder: Path) -> Path:
    """A folder with videos on three levels, and some that are not to be found."""
    for name in ("a.mp4", "x/a.mp4", "x/y/b.mov", "x/.hidden/c.mp4", "x/a.inverter.mp4", "z/t.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder

"""Outputs have one writer, and what killed ones left half written goes."""

import os
import subprocess
import sys
import time
from errno import EACCES, EBADF
from pathlib import Path
from subprocess import PIPE

import pytest

from vidstyle.errors import LockedError, SinkError
from vidstyle.media import output_lock as lock_module
from vidstyle.media.atomic import (
    partial_path,
    write_whole,
)
from vidstyle.media.output_lock import output_lock

HANG_LIMIT_S = 60
posix_only = pytest.mark.skipif(os.name != "posix", reason="links and locks as POSIX has them")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def partial_of(path: Path, content: str = "half") -> Path:
    partial = partial_path(path)
    partial.write_text(content)
    return partial


def test_two_runs_cannot_write_one_output(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    with output_lock(output), output_lock(tmp_path / "other.mp4"):
        for _ in range(2):  # the failed try changes nothing
            message = r"out\.mp4 is being written by another run"
            with pytest.raises(LockedError, match=message), output_lock(output):
                raise AssertionError
    with output_lock(output):
        pass
    assert names(tmp_path) == []


def test_an_error_ends_the_lock(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), output_lock(tmp_path / "out.mp4"):
        raise RuntimeError
    assert names(tmp_path) == []


@posix_only
def test_a_killed_run_blocks_nothing_and_its_partials_go(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    code = (
        "import sys; from pathlib import Path\n"
        "from vidstyle.media.atomic import partial_path\n"
        "from vidstyle.media.output_lock import output_lock\n"
        f"with output_lock(Path({str(output)!r})):\n"
        f"    partial_path(Path({str(output)!r})).write_text('half')\n"
        "    print('locked', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None and process.stdout.readline()
        with pytest.raises(LockedError, match="another run"), output_lock(output):
            raise AssertionError
        assert len(names(tmp_path)) == 2  # the living one's lock and partial
        process.kill()
    deadline = time.monotonic() + HANG_LIMIT_S
    while len(names(tmp_path)) > 0:
        assert time.monotonic() < deadline
        with output_lock(output):
            assert not [name for name in names(tmp_path) if "partial" in name]
    assert names(tmp_path) == []


def test_only_partials_of_the_same_output_go(tmp_path: Path) -> None:
    stale = [".out.0123abcd.partial.mp4", ".out.89abcdef.partial.mp4"]
    others = [
        ".out.0123abcd.partial.mkv", ".out.2.0123abcd.partial.mp4", ".out.partial.mp4",
        ".outer.0123abcd.partial.mp4", "out.0123abcd.partial.mp4", ".out.0123ABCD.partial.mp4",
    ]  # fmt: skip
    for name in stale + others:
        (tmp_path / name).touch()
    with output_lock(tmp_path / "out.mp4"):
        pass
    assert names(tmp_path) == sorted(others)


@pytest.mark.parametrize(
    "name", ["xxxxxxxx.mp4", "a.xxxxxxxx", "x" * 245, "0" * 100 + ".mp4", "[a]+.mp4", "(.mp4"]
)
def test_partials_of_any_name_are_found(tmp_path: Path, name: str) -> None:
    partial_of(tmp_path / name)
    other = partial_of(tmp_path / "other.mp4")
    with output_lock(tmp_path / name):
        pass
    assert names(tmp_path) == [other.name]


@posix_only
@pytest.mark.usefixtures("no_file_locks")
def test_file_systems_without_locks_lose_no_partial(tmp_path: Path) -> None:
    partial = partial_of(tmp_path / "out.mp4")
    with output_lock(tmp_path / "out.mp4") as is_locked:
        assert not is_locked
    assert names(tmp_path) == [partial.name]


def as_another_user(monkeypatch: pytest.MonkeyPatch, *, may_read: bool) -> None:
    """Open existing lock files as another user than their owner."""
    opened = os.open

    def open_file(path: Path, flags: int, *mode: int) -> int:
        reads = may_read and not flags & (os.O_RDWR | os.O_CREAT)
        if str(path).endswith(".lock") and not reads and Path(path).exists():
            raise PermissionError(EACCES, "Permission denied", str(path))
        return opened(path, flags, *mode)

    monkeypatch.setattr(os, "open", open_file)


@posix_only
@pytest.mark.parametrize(
    ("may_read", "message"), [(True, "being written by another run"), (False, "by another user")]
)
def test_a_run_of_another_user_is_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_read: bool, message: str
) -> None:
    output = tmp_path / "out.mp4"
    with output_lock(output):
        partial = partial_of(output)
        with monkeypatch.context() as patch:
            as_another_user(patch, may_read=may_read)
            with pytest.raises(LockedError, match=message), output_lock(output):
                raise AssertionError
        assert partial.exists()


@posix_only
def test_a_lock_file_that_another_user_left_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".out.mp4.lock").touch()
    as_another_user(monkeypatch, may_read=True)
    with output_lock(tmp_path / "out.mp4") as is_locked:
        assert is_locked
    assert names(tmp_path) == []


@posix_only
def test_a_lock_on_nfs_that_cannot_be_had_for_reading_alone_counts_as_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def try_lock(_: int) -> None:
        raise OSError(EBADF, "Bad file descriptor")

    monkeypatch.setattr(lock_module, "_try_lock", try_lock)
    with pytest.raises(LockedError), output_lock(tmp_path / "out.mp4"):
        raise AssertionError
    assert names(tmp_path) == [".out.mp4.lock"]


def test_a_missing_folder_gives_one_line(tmp_path: Path) -> None:
    output = tmp_path / "nowhere" / "out.mp4"
    with pytest.raises(SinkError, match=r"Cannot write .*No such file"), output_lock(output):
        raise AssertionError


@pytest.mark.parametrize("letter", ["a", "ä", "画"])
def test_long_names_have_partials_of_their_own(tmp_path: Path, letter: str) -> None:
    stem = (letter * 255).encode()[:245].decode(errors="ignore")
    outputs = [tmp_path / f"{stem}{end}.mp4" for end in "12"]
    stale = [partial_of(output) for output in outputs]
    with output_lock(outputs[0]):
        write_whole(outputs[0], b"result", replace=False)
    assert names(tmp_path) == sorted([outputs[0].name, stale[1].name])

"""Output files are whole or not there, have one writer, and replace nothing without permission."""

import os
import subprocess
import sys
import time
from errno import EACCES, EBADF, EPERM
from pathlib import Path
from subprocess import PIPE

import pytest

from vidstyle.errors import LockedError, SinkError
from vidstyle.media import atomic
from vidstyle.media.atomic import (
    output_lock,
    partial_path,
    publish,
    short_name,
    whole_file,
    write_folder,
    write_whole,
)

HANG_LIMIT_S = 60
posix_only = pytest.mark.skipif(os.name != "posix", reason="links and locks as POSIX has them")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def partial_of(path: Path, content: str = "result") -> Path:
    partial = partial_path(path)
    partial.write_text(content)
    return partial


@pytest.mark.parametrize("replace", [False, True])
def test_a_finished_file_gets_its_name(tmp_path: Path, replace: bool) -> None:
    output = tmp_path / "out.mp4"
    publish(partial_of(output), output, replace=replace)
    assert output.read_text() == "result"
    assert names(tmp_path) == ["out.mp4"]


def test_a_file_is_replaced_with_permission(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_text("old")
    write_whole(output, b"new")
    assert output.read_text() == "new"
    assert names(tmp_path) == ["out.mp4"]


def test_a_folder_is_written_with_its_subfolders(tmp_path: Path) -> None:
    write_folder(tmp_path / "model", {"a.txt": b"a", "1/b.txt": b"b"}, replace=False)
    assert (tmp_path / "model/1/b.txt").read_bytes() == b"b"
    assert names(tmp_path) == ["model"]


def test_a_folder_is_replaced_as_a_whole_with_permission(tmp_path: Path) -> None:
    write_folder(tmp_path / "model", {"old.txt": b"old"}, replace=False)
    with pytest.raises(SinkError, match="was not replaced"):
        write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=False)
    assert names(tmp_path / "model") == ["old.txt"]
    write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=True)
    assert names(tmp_path / "model") == ["new.txt"]
    assert names(tmp_path) == ["model"]


@posix_only
def test_a_link_to_a_folder_is_replaced_and_the_folder_stays(tmp_path: Path) -> None:
    write_folder(tmp_path / "old", {"old.txt": b"old"}, replace=False)
    (tmp_path / "model").symlink_to(tmp_path / "old")
    write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=True)
    assert names(tmp_path / "model") == ["new.txt"]
    assert names(tmp_path) == ["model", "old"]
    assert names(tmp_path / "old") == ["old.txt"]


def test_a_folder_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "model", {"old.txt": b"old"}, replace=False)
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if (path / "new.txt").exists():
            raise OSError(EPERM, "Operation not permitted")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="not permitted"):
        write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=True)
    assert names(tmp_path / "model") == ["old.txt"]
    assert names(tmp_path) == ["model"]


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@posix_only
@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_came_meanwhile_stays_and_the_result_is_kept_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        without_links(monkeypatch)
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    (tmp_path / "out-2.mp4").write_text("precious, too")
    with pytest.raises(SinkError, match=r"out\.mp4 came into being .* result is .*out-3\.mp4") as e:
        publish(partial_of(output), output, replace=False)
    assert "\n" not in str(e.value)
    assert output.read_text() == "precious"
    assert (tmp_path / "out-2.mp4").read_text() == "precious, too"
    assert (tmp_path / "out-3.mp4").read_text() == "result"
    assert names(tmp_path) == ["out-2.mp4", "out-3.mp4", "out.mp4"]


@posix_only
def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SinkError, match="was not replaced"):
        write_whole(output, b"result", replace=False)
    assert output.is_symlink()


@posix_only
def test_file_systems_without_links_get_the_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_links(monkeypatch)
    write_whole(tmp_path / "out.png", b"result", replace=False)
    assert (tmp_path / "out.png").read_text() == "result"
    assert names(tmp_path) == ["out.png"]


def test_a_block_left_by_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), whole_file(tmp_path / "out.onnx") as partial:
        partial.write_text("half")
        raise RuntimeError
    assert names(tmp_path) == []


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
        "from vidstyle.media.atomic import output_lock, partial_path\n"
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

    monkeypatch.setattr(atomic, "_try_lock", try_lock)
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


@pytest.mark.parametrize("letter", ["a", "ä", "画", "\udcff"])
def test_names_that_become_too_long_are_cut_and_stay_apart(letter: str) -> None:
    stems = [f"{os.fsdecode(os.fsencode(letter * 255)[:245])}{end}" for end in "12"]
    names = [short_name(stem, ".great-wave.mp4") for stem in stems]
    assert all(200 < len(os.fsencode(name)) <= 255 for name in names)
    assert all(name.endswith(".great-wave.mp4") for name in names)
    assert len({*names}) == 2
    assert short_name("film", ".great-wave.mp4") == "film.great-wave.mp4"

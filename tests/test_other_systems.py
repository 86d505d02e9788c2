"""Other systems than Linux, simulated: commands run in a process that looks like Windows."""

import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.clips import Clip, Sound
from tests.textures import noise_image
from vidstyle import standard_streams
from vidstyle.apps.outputs import check_target, is_reserved
from vidstyle.errors import SinkError
from vidstyle.hardware import memory_gb
from vidstyle.media.atomic import publish, write_whole
from vidstyle.media.image_file import write_photo
from vidstyle.media.output_lock import output_lock
from vidstyle.options import ServeOptions
from vidstyle.server.launch import bound_socket

ROOT = Path(__file__).parents[1]
# All libraries come first: they are to see the real system.
PROGRAM = """
import argcomplete, av, cv2, json, numpy, onnxruntime, platformdirs, rich.progress, rich.table, sys
import concurrent.futures, glob, http.server, shutil, subprocess, tempfile, tomllib, webbrowser
from tests.windows_stand_in import install
install()
import vidstyle.apps.work, vidstyle.stylize.stylizer
from vidstyle.cli import main
from vidstyle.live import renderer, session, stylizer
vidstyle.apps.work.MIN_FILM_S = vidstyle.stylize.stylizer.PART_S = 0.1
stylizer.MAX_WAIT_SHARE, renderer.NO_SIGNAL_S, session.CAMERA_PATIENCE_S = 1e4, 60.0, 60.0
codes = [main(words) for words in json.loads(sys.argv[1])]
print(json.dumps(codes), file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="simulates Windows on Linux")
def test_commands_run_without_what_windows_lacks(tmp_path: Path, inverter: Path) -> None:
    """And with its coarse clocks, its console, and files that cannot be deleted while open."""
    Clip(frames=12, sounds=(Sound(),)).write(tmp_path / "名.mp4")
    write_photo(tmp_path / "photo.png", noise_image(32, 32, seed=4))
    style = ["--style", str(inverter)]
    commands = [
        ["名.mp4", *style, "-o", "film.mp4"],  # in parts
        ["名.mp4", *style, "-o", "film.mp4", "-y"],
        ["名.mp4", *style, "-o", "film.gif"],
        ["名.mp4", *style, "-o", "film_%04d.png"],
        ["image", "photo.png", *style, "-o", "photo.jpg"],
        ["live", "--camera", "名.mp4", "--no-window", *style, "--record", "live.mkv"],
    ]
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        capture_output=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    said = run.stderr.decode("cp1252")
    assert said.splitlines()[-1:] == [json.dumps([0] * len(commands))], said
    assert b"Traceback" not in run.stderr
    files = {file.name for file in tmp_path.iterdir() if not file.name.startswith("film_0")}
    assert files == {"名.mp4", "photo.png", "photo.jpg", "film.mp4", "film.gif", "live.mkv"}


@pytest.mark.parametrize(
    ("name", "reserved"),
    [
        ("film.mp4", False),
        ("con.mp4", True),
        ("NUL", True),
        ("aux.tar.gz", True),
        ("lpt1 .txt", True),
        ("console.mp4", False),
        ("com10.mp4", False),
        ("film:1.mp4", True),
        ("what?.mp4", True),
        ("film.", True),
        ("film ", True),
        ("фильм.mp4", False),
    ],
)
def test_names_that_windows_gives_no_file(
    name: str, reserved: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_reserved(name) is reserved
    check_target(None, tmp_path / name, overwrite=False)
    monkeypatch.setattr(sys, "platform", "win32")
    if reserved:
        with pytest.raises(SinkError, match=r"is no name for a file on Windows"):
            check_target(None, tmp_path / name, overwrite=False)
    else:
        check_target(None, tmp_path / name, overwrite=False)


def test_a_result_whose_place_is_open_elsewhere_is_kept_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows replaces no open files, and the work of hours must not be lost."""
    partial, path = tmp_path / "new.mp4", tmp_path / "film.mp4"
    partial.write_text("new")
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", Mock(side_effect=PermissionError(13, "denied")))
    with pytest.raises(
        SinkError, match=r"cannot be replaced, .* has it open\. .*is .*film-2\.mp4\.$"
    ):
        publish(partial, path, replace=True)
    assert path.read_text() == "old"
    assert (tmp_path / "film-2.mp4").read_text() == "new"


def test_a_path_that_is_too_long_for_windows_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * 200) / ("y" * 60)
    with pytest.raises(SinkError, match="No such file"), output_lock(folder / "film.mp4"):
        pass
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SinkError, match="path has over 259 c"), output_lock(folder / "film.mp4"):
        pass


def test_a_virus_scanner_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, refusals, pauses_s = Path.replace, [1, 2, 3], list[float]()

    def scanned(partial: Path, path: Path) -> Path:
        if refusals:
            refusals.pop()
            raise PermissionError(13, "denied")
        return replace(partial, path)

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("time.sleep", pauses_s.append)
    monkeypatch.setattr(Path, "replace", scanned)
    write_whole(tmp_path / "film.mp4", b"new")
    assert (tmp_path / "film.mp4").read_bytes() == b"new"
    assert pauses_s == [0.05, 0.1, 0.2]


def test_a_server_has_its_port_alone_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SO_REUSEADDR would let two have it; here, another option stands in."""
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_KEEPALIVE, raising=False)
    with closing(bound_socket(ServeOptions(port=0))) as listener:
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not listener.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def test_memory_is_unknown_where_windows_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert memory_gb() is None


def test_memory_of_windows_comes_from_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(reference: object) -> int:
        status = reference._obj  # type: ignore[attr-defined]
        assert status.length == 64
        status.physical = 16 * 10**9
        return 1

    kernel = Mock()
    kernel.kernel32.GlobalMemoryStatusEx = answer
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("ctypes.windll", kernel, raising=False)
    assert memory_gb() == 16


def test_a_reader_that_ended_is_no_error_on_windows_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(BrokenPipeError), standard_streams.writing_stdout():
        raise OSError(22, "Invalid argument")

"""Command line: exit codes, messages, and the separation of stdout and stderr."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from tests.clips import Clip, Sound, cut_off_clip, patches
from tests.look import look
from tests.processes import stop_once, vidstyle_with
from tests.shelf import TOYS
from tests.toys import save_adder
from vidstyle.cli import (
    DONE,
    FAILED,
    HUNG_UP,
    INTERRUPTED,
    TERMINATED,
    USAGE,
    main,
)
from vidstyle.media.atomic import partial_path
from vidstyle.media.image_file import write_photo
from vidstyle.options import StylizeOptions, TrainOptions, settings

pytestmark = pytest.mark.usefixtures("no_faces")
HANG_LIMIT_S = 60

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(sounds=[Sound()]).write(tmp_path / "in.mp4")


def one_line(text: str) -> str:
    """The text of an error, which must be a single line."""
    assert text.startswith("vidstyle: ")
    assert text.count("\n") == 1
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("command", ["convert", "train"])
def test_help_imports_nothing_heavy(command: str) -> None:
    code = (
        "import sys, vidstyle.cli\n"
        f"try: vidstyle.cli.main(['{command}', '--help'])\n"
        "except SystemExit: pass\n"
        "print({'cv2', 'av', 'torch', 'onnxruntime', 'numpy', 'rich'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG_LIMIT_S
    )
    assert run.stdout.endswith("set()\n")


@pytest.mark.parametrize(
    ("command", "kind"), [("convert", StylizeOptions), ("train", TrainOptions)]
)
def test_help_names_every_setting(capsys: Captured, command: str, kind: type[Any]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == DONE
    text = capsys.readouterr().out
    for setting in settings(kind):
        assert "--" + setting.name.replace("_", "-") in text


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_is_told(capsys: Captured, flag: str) -> None:
    with pytest.raises(SystemExit):
        main([flag])
    assert capsys.readouterr().out.startswith("vidstyle ")


@pytest.mark.parametrize("words", [[], ["convert"]], ids=["short", "explicit"])
def test_a_file_name_is_enough(
    clip: Path, inverter: Path, capsys: Captured, words: list[str]
) -> None:
    assert main([*words, str(clip), "--style", str(inverter)]) == DONE
    output = clip.with_name("in.inverter.mp4")
    assert len(look(output).times) == 12
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{output}  12 frames, " in err.replace("\n", "")


def test_quiet_says_nothing(clip: Path, inverter: Path, capsys: Captured) -> None:
    assert main([str(clip), "--style", str(inverter), "--quiet"]) == DONE
    assert main([str(clip), "-s", str(inverter), "-q", "-y"]) == DONE
    assert capsys.readouterr() == ("", "")


def test_json_is_all_there_is_on_stdout(clip: Path, inverter: Path, capsys: Captured) -> None:
    missing = clip.with_name("missing.mp4")
    assert main([str(clip), str(missing), "--style", str(inverter), "--json"]) == FAILED
    summary = json.loads(capsys.readouterr().out)
    (result,), (failure,) = summary["results"], summary["failures"]
    assert result["frames"] == 12
    assert result["warnings"] == []
    assert Path(result["output"]).stat().st_size == result["output_bytes"]
    assert failure == {"input": str(missing), "error": failure["error"]}
    assert "There is no file" in failure["error"]


def test_a_bad_file_fails_the_batch_but_not_the_others(
    clip: Path, inverter: Path, capsys: Captured
) -> None:
    clip.with_name("bad.mp4").write_text("no video")
    assert main([str(clip.parent), "--style", str(inverter), "--quiet"]) == FAILED
    assert clip.with_name("in.inverter.mp4").exists()
    assert "bad.mp4 is not a video" in one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["missing.mp4"], FAILED, "There is no file"),
        (["{clip}", "--style", "nope"], FAILED, 'No style named "nope". Installed: '),
        (["{clip}", "-o", "{folder}/a.txt"], FAILED, "the name must end in .mp4"),
        (["{clip}", "-o", "{clip}"], FAILED, "is the input itself"),
        (["{clip}", "-o", "{folder}/no/a.mp4"], FAILED, "There is no folder"),
        (["{clip}", "--start", "9"], FAILED, "no frame after 9 s"),
        (["{clip}", "--codec", "nope"], FAILED, "No encoder"),
        (["{clip}", "-o", "{folder}/a.mov", "--audio", "opus"], FAILED, "opus sound (--audio aac)"),
        (["{folder}/empty"], FAILED, "holds nothing to convert"),
        (["{clip}", "--strength", "2"], USAGE, "--strength must be between 0 and 1"),
        (["{clip}", "{clip}", "-o", "{folder}/a.mp4"], USAGE, "2 inputs need a folder"),
        (["{clip}", "-y", "--skip-existing"], USAGE, "--skip-existing must be without --overwrite"),
        (["image", "{clip}"], FAILED, "not a picture"),
        (["{clip}", "--style", "{folder}/no.onnx"], FAILED, "There is no file"),
        (["{clip}", "--style", "wave:0.6,ink:0"], USAGE, "not a number over 0. A mix looks"),
        (["image", "{clip}", "--style", "wave:1"], USAGE, "a mix takes at least two styles"),
        (["styles", "{clip}"], USAGE, "A gallery takes a picture and a file to write, as in: "),
        (["styles", "--gallery", "{folder}/a.png"], USAGE, "vidstyle styles photo.jpg --gallery"),
        (["styles", "{clip}", "--gallery", "{folder}/a.png"], FAILED, "not a picture"),
        (["styles", "{clip}", "-o", "{folder}/a.txt"], FAILED, "the name must end in .jpg"),
        (["styles", "{clip}", "-o", "{folder}/a.png", "--strength", "2"], USAGE, "--strength must"),
        (["train", "{clip}", "--minutes", "0"], USAGE, "--minutes must be over 0"),
        (["train", "{clip}", "-o", "{clip}"], FAILED, "the name must end in .onnx"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(
    clip: Path, capsys: Captured, words: list[str], code: int, reason: str
) -> None:
    (clip.parent / "empty").mkdir()
    filled = [word.format(clip=clip, folder=clip.parent) for word in words]
    assert main(filled) == code
    out, err = capsys.readouterr()
    assert reason in one_line(err)
    assert out == ""
    assert sorted(file.name for file in clip.parent.iterdir()) == ["empty", "in.mp4"]


@pytest.mark.parametrize("words", [["{photo}"], ["image", "{photo}"], ["styles", "{photo}"]])
@pytest.mark.parametrize("damage", ["missing", "not the file that was shipped"])
def test_a_shipped_style_that_is_not_as_shipped_is_said(
    shelf: Path, tmp_path: Path, capsys: Captured, damage: str, words: list[str]
) -> None:
    photo = tmp_path / "me.png"
    write_photo(photo, patches(20, 16))
    if damage == "missing":
        (shelf / "warm.onnx").unlink()
    else:
        (shelf / "warm.onnx").write_bytes(b"cold")
    style = ["-o", str(tmp_path / "a.png")] if words[0] == "styles" else ["--style", "warm"]
    assert main([word.format(photo=photo) for word in words] + style) == FAILED
    out, err = capsys.readouterr()
    assert damage in one_line(err)
    assert out == ""
    assert sorted(file.name for file in tmp_path.iterdir()) == ["me.png", "shelf"]


@pytest.mark.parametrize(
    ("style", "code", "reason"),
    [
        ("negative:0.6,cold:0.4", FAILED, 'No style named "cold". Installed: negative, white, '),
        ("negative:0.6,no.onnx:0.4", FAILED, "There is no file"),
        ("negative:0.6,two.onnx:0.4", FAILED, "A generator takes one RGB picture"),
        ("two.onnx", FAILED, "A generator takes one RGB picture"),
        ("negative:3,warm", USAGE, '"warm" has no weight'),
        ("negative:1.6,warm:-0.6", USAGE, 'the weight of "warm" is -0.6, not a number over 0'),
        ("warm:0.5,warm:0.5", USAGE, '"warm" is named more than once'),
    ],
)
@pytest.mark.parametrize(
    "words", [["in.mp4"], ["in.mp4", "--preview"], ["image", "me.png"]], ids=" ".join
)
@pytest.mark.usefixtures("shelf")
def test_bad_styles_are_one_line_and_leave_nothing(
    clip: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    style: str,
    code: int,
    reason: str,
) -> None:
    monkeypatch.chdir(clip.parent)
    write_photo(Path("me.png"), patches(20, 16))
    save_adder(Path("two.onnx"))
    before = sorted(clip.parent.iterdir())
    assert main([*words, "--style", style]) == code
    out, err = capsys.readouterr()
    assert reason in one_line(err)
    assert out == ""
    assert sorted(clip.parent.iterdir()) == before


@pytest.mark.usefixtures("shelf")
def test_mixes_are_named_after_what_is_in_them(clip: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "me.png", patches(20, 16))
    style = ["--style", "negative:3,warm:2", "--quiet"]
    assert main([str(clip), *style]) == DONE
    assert main([str(clip), "--preview", *style]) == DONE
    assert main(["image", str(tmp_path), *style]) == DONE
    assert main(["image", str(tmp_path), *style, "--overwrite"]) == DONE  # results are no inputs
    made = {file.name for file in tmp_path.iterdir()} - {"in.mp4", "me.png", "shelf"}
    assert made == {
        f"{n}.negative-60+warm-40.{s}" for n, s in (("in", "mp4"), ("in", "png"), ("me", "png"))
    }


@pytest.mark.usefixtures("shelf")
def test_a_list_of_styles_gives_a_result_for_each(clip: Path, capsys: Captured) -> None:
    out = clip.parent / "out"
    assert main([str(clip), "--style", "all", "-o", str(out), "--json"]) == DONE
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["style"] for result in results] == list(TOYS)
    assert {file.name for file in out.iterdir()} == {f"in.{style}.mp4" for style in TOYS}
    write_photo(clip.parent / "me.png", patches(20, 16))
    photo = ["image", str(clip.parent / "me.png"), "-q"]
    assert main([*photo, "--style", "white,Warm"]) == DONE
    assert main([*photo, "--style", "white,cold"]) == FAILED
    assert 'No style named "cold"' in one_line(capsys.readouterr().err)
    assert main([*photo, "--style", "white,white"]) == USAGE
    made = {file.name for file in clip.parent.glob("me.*")}
    assert made == {"me.png", "me.white.png", "me.warm.png"}


def test_debug_shows_the_traceback(capsys: Captured) -> None:
    assert main(["missing.mp4", "--debug"]) == FAILED
    assert "Traceback" in capsys.readouterr().err


def test_a_bug_is_called_one(
    clip: Path, inverter: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(*_: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("vidstyle.apps.convert.stylize_video", divide)
    assert main([str(clip), "--style", str(inverter)]) == FAILED
    message = one_line(capsys.readouterr().err)
    assert "Unexpected ZeroDivisionError: by nought. This is a bug" in message


def test_auto_is_a_number_not_given(clip: Path, inverter: Path) -> None:
    words = ["--every", "auto", "--threads", "auto", "--style", str(inverter), "--quiet"]
    assert main([str(clip), *words]) == DONE


def test_warnings_stand_under_the_result(tmp_path: Path, inverter: Path, capsys: Captured) -> None:
    path = Clip(size_wh=(33, 21), codec="ffv1").write(tmp_path / "in.mkv")
    assert main([str(path), "--style", str(inverter)]) == DONE
    note = capsys.readouterr().err.splitlines()[-1]
    assert note == "  note: 33x21 became 32x20: libx264 wants even sizes"


def test_strict_tells_by_the_exit_code_that_something_was_lost(
    tmp_path: Path, inverter: Path, capsys: Captured
) -> None:
    path = cut_off_clip(tmp_path / "in.mkv")
    words = [str(path), "--style", str(inverter), "--overwrite"]
    assert main(words) == DONE
    assert main([*words, "--strict"]) == FAILED
    assert "damaged: the end of the input is missing" in capsys.readouterr().err
    assert (tmp_path / "in.inverter.mp4").exists()  # what there is was converted all the same


def test_image_paints_pictures(tmp_path: Path, inverter: Path) -> None:
    write_photo(tmp_path / "a.png", patches(20, 16))
    assert main(["image", str(tmp_path), "--style", str(inverter), "--quiet"]) == DONE
    assert (tmp_path / "a.inverter.png").exists()


def test_a_slash_makes_the_output_a_folder(clip: Path, inverter: Path, capsys: Captured) -> None:
    words = ["-s", str(inverter), "-q", "--preview"]
    assert main([str(clip), *words, "-o", f"{clip.parent}/out/"]) == DONE
    assert (clip.parent / "out" / "in.inverter.png").is_file()
    assert main([str(clip), *words, "-o", f"{clip}/"]) == USAGE
    assert one_line(capsys.readouterr().err) == f"vidstyle: {clip} is not a folder.\n"


def test_skip_existing_goes_on_with_a_batch(
    tmp_path: Path, inverter: Path, capsys: Captured
) -> None:
    for name in ("a.png", "b.png"):
        write_photo(tmp_path / name, patches(20, 16))
    (tmp_path / "bad.png").write_text("no picture")
    words = ["image", str(tmp_path), "-s", str(inverter)]
    assert main(words) == FAILED
    assert capsys.readouterr().err.splitlines()[-1] == "2 done, 1 left"
    made = (tmp_path / "a.inverter.png").stat().st_mtime_ns
    (tmp_path / "b.inverter.png").unlink()
    write_photo(tmp_path / "bad.png", patches(20, 16))
    assert main([*words, "--skip-existing"]) == DONE
    *results, tally = capsys.readouterr().err.splitlines()
    assert tally == "3 done, 0 left"
    assert "a.inverter.png" not in " ".join(results)
    assert (tmp_path / "a.inverter.png").stat().st_mtime_ns == made
    assert main([*words, "--skip-existing"]) == DONE
    assert capsys.readouterr().err == "3 done, 0 left\n"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_batch_tells_what_is_left(
    clip: Path,
    inverter: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    stop: type[BaseException],
) -> None:
    def interrupt(*_: object) -> None:
        raise stop

    monkeypatch.setattr("vidstyle.apps.convert.stylize_video", interrupt)
    words = [str(clip), str(clip.with_name("b.mp4")), "-s", str(inverter)]
    with pytest.raises(SystemExit) if stop is SystemExit else nullcontext():
        assert main(words) == INTERRUPTED
    assert capsys.readouterr().err.splitlines()[-1] == "0 done, 2 left"


def test_preview_writes_one_still(clip: Path, inverter: Path) -> None:
    assert main([str(clip), "--preview", "--style", str(inverter), "--quiet"]) == DONE
    assert sorted(file.name for file in clip.parent.iterdir()) == ["in.inverter.png", "in.mp4"]


@pytest.mark.parametrize("command", ["styles", "doctor"])
def test_tables_and_their_json(capsys: Captured, command: str) -> None:
    assert main([command]) == DONE
    assert capsys.readouterr().out.strip()
    assert main([command, "--json"]) == DONE
    assert json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("shelf")
def test_styles_are_a_table_of_one_line_each(capsys: Captured) -> None:
    assert main(["styles"]) == DONE
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["style", "painting", "artist", "year", "size", "bytes", "license"]
    assert [line.split()[0] for line in lines] == list(TOYS)
    assert ["(default)" in line for line in lines] == [True, False, False]
    assert all("  A. Toy  1900  17k  " in line and "MIT" in line for line in lines)
    assert "  [white]  " in lines[1]  # brackets are no markup


@pytest.mark.usefixtures("shelf")
def test_a_gallery_is_written_and_not_replaced_unless_asked(
    tmp_path: Path, capsys: Captured
) -> None:
    write_photo(tmp_path / "me.png", patches(20, 16))
    words = ["styles", str(tmp_path / "me.png"), "--gallery", str(tmp_path / "all.jpg")]
    assert main(words) == DONE
    assert f"{tmp_path / 'all.jpg'}  (" in capsys.readouterr().out
    first = (tmp_path / "all.jpg").read_bytes()
    assert main([*words, "--strength", "0.5"]) == FAILED
    assert "exists. Allow overwriting, or choose another name (--overwrite or -o)." in one_line(
        capsys.readouterr().err
    )
    assert (tmp_path / "all.jpg").read_bytes() == first
    assert main([*words, "--strength", "0.5", "--overwrite", "--json"]) == DONE
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["keyframes"] == len(TOYS)
    assert (tmp_path / "all.jpg").read_bytes() != first


@pytest.mark.parametrize("name", ["sp ace.mp4", "ünï☃.mp4", "-dash.mp4", "[red]x.mp4", "%03d.mp4"])
def test_odd_file_names_are_only_names(
    clip: Path, inverter: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    clip.rename(clip.with_name(name))
    monkeypatch.chdir(clip.parent)
    assert main([f"./{name}", "--style", str(inverter)]) == DONE
    output = f"{Path(name).stem}.inverter.mp4"
    assert Path(output).exists()
    assert output in capsys.readouterr().err


HELD = """
import os
from vidstyle.media.sink import FileSink
write = FileSink.write
def held(sink, frame):
    write(sink, frame)
    if sink._stats["frames"] == 6:
        os.read({descriptor}, 1)
FileSink.write = held
"""


def held(inverter: Path, clip: Path, descriptor: int = 0) -> list[str]:
    """Words of a conversion that waits after six frames until a pipe, stdin or another, closes."""
    style = ["--style", str(inverter), "--every", "1"]
    return [*vidstyle_with(HELD.format(descriptor=descriptor)), str(clip), *style]


def begun(folder: Path) -> bool:
    """Whether a conversion of the only file in a folder has begun to write, behind its lock."""
    return sum(file.suffix != ".lock" for file in folder.iterdir()) >= 2


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, INTERRUPTED),
        (signal.SIGTERM, TERMINATED),
        (getattr(signal, "SIGHUP", None), HUNG_UP),
    ],
)
def test_a_stopped_run_leaves_no_file(
    tmp_path: Path, inverter: Path, number: signal.Signals, code: int
) -> None:
    path = Clip().write(tmp_path / "in.mp4")
    process = subprocess.Popen(held(inverter, path), stdin=PIPE, stderr=PIPE, text=True)
    error = stop_once(process, lambda: begun(tmp_path), number, HANG_LIMIT_S)
    assert process.returncode == code, error
    assert "Traceback" not in error
    assert [file.name for file in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_several_signals_at_once_end_it_as_cleanly_as_one(tmp_path: Path, inverter: Path) -> None:
    path = Clip().write(tmp_path / "in.mp4")
    process = subprocess.Popen(held(inverter, path), stdin=PIPE, stderr=PIPE, text=True)

    def has_begun() -> bool:
        if not begun(tmp_path):
            return False
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
        return True

    error = stop_once(process, has_begun, signal.SIGHUP, HANG_LIMIT_S)
    assert process.returncode in (TERMINATED, HUNG_UP)
    assert "Traceback" not in error
    assert [file.name for file in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="nohup")
def test_a_hangup_that_the_caller_ignores_is_ignored(tmp_path: Path, inverter: Path) -> None:
    path = Clip().write(tmp_path / "in.mp4")
    words = ["nohup", *held(inverter, path)]
    process = subprocess.Popen(words, stdin=PIPE, stderr=PIPE, text=True)
    error = stop_once(process, lambda: begun(tmp_path), signal.SIGHUP, HANG_LIMIT_S)
    assert process.returncode == DONE, error


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals as POSIX has them")
def test_a_terminal_that_is_closed_ends_it_cleanly(tmp_path: Path, inverter: Path) -> None:
    import pty

    path = Clip().write(tmp_path / "in.mp4")
    waits, release = os.pipe()
    os.set_inheritable(waits, True)
    child, ours = pty.fork()
    if child == 0:
        os.execv(sys.executable, held(inverter, path, waits))
    deadline = time.monotonic() + HANG_LIMIT_S
    while not begun(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for descriptor in (ours, release, waits):
        os.close(descriptor)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == HUNG_UP
    assert [file.name for file in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals as POSIX has them")
def test_a_terminal_gets_a_bar(tmp_path: Path, inverter: Path) -> None:
    import pty

    path = Clip().write(tmp_path / "in.mp4")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(held(inverter, path), stdin=PIPE, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        assert process.stdin is not None
        while any(word not in shown for word in (b" 6/12 ", b" fps", b"x real time", b" left")):
            shown += os.read(ours, 4096)
        process.stdin.close()
        with suppress(OSError):  # how Linux says that the other side has closed
            while os.read(ours, 4096):
                pass
        assert process.wait(HANG_LIMIT_S) == DONE
    finally:
        process.kill()
        os.close(ours)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    "words",
    [
        ["styles"],
        ["styles", "--json"],
        ["{clip}", "--style", "{style}", "--json"],
        ["--print-completion", "bash"],
    ],
)
def test_a_full_disk_behind_stdout_is_one_line(
    clip: Path,
    inverter: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    words = [word.format(clip=clip, style=inverter) for word in words]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(words) == FAILED
        monkeypatch.undo()
    wanted = "vidstyle: Cannot write to standard output: No space left on device.\n"
    assert capsys.readouterr().err.endswith(wanted)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_stderr_stops_no_batch(
    clip: Path, inverter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = clip.with_name("b.mp4")
    second.write_bytes(clip.read_bytes())
    with Path("/dev/full").open("w", buffering=1, encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stderr", full)
        assert main([str(clip), "missing.mp4", str(second), "--style", str(inverter)]) == FAILED
        monkeypatch.undo()
        with pytest.raises(OSError, match="No space left"):
            full.close()
    assert second.with_name("b.inverter.mp4").exists()


def test_json_and_a_stream_do_not_share_stdout(clip: Path, capsys: Captured) -> None:
    assert main([str(clip), "-o", "-", "--json"]) == USAGE
    assert one_line(capsys.readouterr().err) == "vidstyle: --json must be without -o -.\n"


@pytest.mark.skipif(os.name != "posix", reason="descriptors are closed by a POSIX shell")
def test_closed_standard_streams_do_no_harm(tmp_path: Path, inverter: Path) -> None:
    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    words = [sys.executable, "-m", "vidstyle", str(clip), "--style", str(inverter), "--json"]
    closing = ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words]
    assert subprocess.run(closing, timeout=HANG_LIMIT_S).returncode == DONE
    assert len(look(clip.with_name("in.inverter.mp4")).times) == 2


def test_a_side_to_compute_is_no_flag(clip: Path, inverter: Path, capsys: Captured) -> None:
    assert main([str(clip), "-s", str(inverter), "-q", "--size", "-1x36"]) == DONE
    assert look(clip.with_name("in.inverter.mp4")).size_wh == (48, 36)
    assert main([str(clip), "-s", str(inverter), "-y", "-q", "--size", "-1x9"]) == USAGE
    assert "--size must be of 16 to 8192 px a side" in one_line(capsys.readouterr().err)


def test_settings_and_presets_come_from_a_file(
    clip: Path, inverter: Path, capsys: Captured, caplog: pytest.LogCaptureFixture
) -> None:
    file = clip.parent / "my.toml"
    file.write_text(
        f"style = '{inverter}'\nquiet = true\n[small]\nmax-height = 24\nresize = true\n"
    )
    config = ["--config", str(file)]
    assert main([str(clip), *config, "--preset", "small", "-v"]) == DONE
    assert f"Settings from {file}." in caplog.messages
    output = clip.with_name("in.inverter.mp4")
    assert look(output).size_wh == (32, 24)
    assert main([str(clip), *config, "--preset", "smal", "-y"]) == USAGE
    assert "Did you mean small?" in one_line(capsys.readouterr().err)
    assert main([str(clip), *config, "--preset", "small", "-y", "--no-resize"]) == DONE
    assert look(output).size_wh == (64, 48)
    assert capsys.readouterr() == ("", "")


def test_what_an_interrupted_batch_leaves_is_said(
    clip: Path, inverter: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = partial_path(clip.with_name("in.inverter.mp4"))

    def interrupted(*_: object) -> None:
        left.touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("vidstyle.apps.convert.stylize_video", interrupted)
    assert main([str(clip), "--style", str(inverter)]) == INTERRUPTED
    assert one_line(capsys.readouterr().err) == f"vidstyle: Stopped. Left unfinished: {left}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ", with --skip-existing, goes on from here.\n0 done, 2 left\n"),
        (["--skip-existing"], " goes on from here.\n0 done, 2 left\n"),
    ],
)
def test_an_interrupted_batch_says_how_it_goes_on(
    clip: Path,
    inverter: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    shutil.copy(clip, clip.with_name("other.mp4"))

    def interrupted(*_: object) -> None:
        clip.with_name("in.inverter.mp4.work").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("vidstyle.apps.convert.stylize_video", interrupted)
    assert main([str(clip.parent), "--style", str(inverter), *words]) == INTERRUPTED
    assert capsys.readouterr().err == f"vidstyle: Stopped. The same command{said}"


def test_ctrl_c_while_arguments_are_read_is_no_traceback(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("vidstyle.parser.build_parser", interrupted)
    assert main(["in.mp4"]) == INTERRUPTED
    assert (
        one_line(capsys.readouterr().err)
        == "vidstyle: Stopped. Nothing half-made was left behind.\n"
    )


@pytest.mark.parametrize("words", [["live", "--strength=--"], ["in.mp4", "--codec=--"]])
def test_two_dashes_are_no_value(capsys: Captured, words: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == USAGE
    assert "-- is no value" in capsys.readouterr().err


def test_words_of_opencv_are_not_shown(tmp_path: Path) -> None:
    picture = tmp_path / "in.bmp"
    write_photo(picture, patches(40, 40))
    picture.write_bytes(picture.read_bytes()[:1000])
    words = [sys.executable, "-m", "vidstyle", "image", str(picture)]
    run = subprocess.run(words, capture_output=True, text=True, timeout=HANG_LIMIT_S)
    assert "not a picture that can be read" in one_line(run.stderr)

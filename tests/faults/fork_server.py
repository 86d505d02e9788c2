"""Fork server: runs the command line in forked processes, each under limits; one per request.

Started as a process of its own, which has imported all that a run needs, so that a run begins in
milliseconds. Requests and answers are lines of JSON on its standard streams; see `Run` in `runs`.
"""

import atexit
import importlib
import json
import os
import resource
import select
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

MODULES = ("vidstyle.cli", "vidstyle.apps.convert", "vidstyle.apps.image", "vidstyle.console",
           "vidstyle.apps.live", "vidstyle.apps.painting", "vidstyle.apps.gallery",
           "vidstyle.apps.config")  # fmt: skip
TORCH_MODULES = ("vidstyle.optimize.film", "vidstyle.optimize.generator", "vidstyle.training.run",
                 "vidstyle.apps.train")  # fmt: skip
SIGNALED = 1000  # plus the signal's number: the code of a process that a signal ended
TIMED_OUT = -1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Import the modules, and answer requests.

    Arguments: "torch" to import PyTorch, too; "parts" for parts of a few frames.
    """
    warnings.simplefilter("ignore")  # of forking beside threads of libraries
    os.environ["OPENCV_LOG_LEVEL"] = "OFF"  # as the command line sets it, before the import
    torch = "torch" in sys.argv[1:]
    for name in (*MODULES, *(TORCH_MODULES if torch else ())):
        importlib.import_module(name)
    if torch:
        importlib.import_module("torch").set_num_threads(1)
    if "parts" in sys.argv[1:]:
        _shorten_parts(torch)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), flush=True)


def _shorten_parts(torch: bool) -> None:
    """Make parts of five frames, of films of any length; with PyTorch of two, of few steps."""
    work: Any = importlib.import_module("vidstyle.apps.work")
    work.MIN_FILM_S = 0.0
    stylizer: Any = importlib.import_module("vidstyle.stylize.stylizer")
    stylizer.PART_S = 0.2
    if torch:
        film: Any = importlib.import_module("vidstyle.optimize.film")
        film.PART_S, film.LONGEST_SCENE = 0.08, 2
        importlib.import_module("tests.optimize.few_steps").use_few_steps()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    begun, begin = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(begun)
        _run(request, begin)
    os.close(begin)
    os.read(begun, 1)  # the end of the pipe, when the command line begins
    os.close(begun)
    started = time.monotonic()
    with os.fdopen(os.pidfd_open(pid)) as ending:
        code = _ended(pid, ending, request)
    seconds = time.monotonic() - started
    _, status, used = os.wait4(pid, 0)
    _end_group(pid)
    if code is None:
        code = os.waitstatus_to_exitcode(status)
        code = SIGNALED - code if code < 0 else code
    return {"code": code, "seconds": seconds, "memory": used.ru_maxrss << 10}


def _ended(pid: int, ending: Any, request: dict[str, Any]) -> int | None:
    """Wait for a process, send it the signal that was asked for; its code if it has no own."""
    poll = select.poll()
    poll.register(ending, select.POLLIN)
    number, left_s = request["signal"], request["limit_s"]
    if number and not poll.poll(request["after_s"] * 1000):
        os.kill(pid, number)
    if poll.poll(left_s * 1000):
        return None
    os.kill(pid, signal.SIGKILL)
    return TIMED_OUT


def _end_group(pid: int) -> None:
    """Kill what a process left running."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _run(request: dict[str, Any], begin: int) -> None:
    """Body of the forked process: the command line as in a process of its own."""
    code = 70
    try:
        os.setsid()
        _set_up(request)
        from vidstyle.cli import main as vidstyle

        os.close(begin)
        try:
            code = vidstyle()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        end_interpreter()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                try:
                    stream.flush()
                except OSError:
                    code = code or 1
        os._exit(code)


def end_interpreter() -> None:
    """Do what Python does at its end: wait for threads, and call functions of `atexit`.

    Temporary folders of daemon threads are deleted then. Threads are left to `threading`, which
    also knows those whose start a signal interrupted.
    """
    vars(threading)["_shutdown"]()
    atexit._run_exitfuncs()


def _set_up(request: dict[str, Any]) -> None:
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    streams = (
        (0, request["stdin"] or os.devnull, os.O_RDONLY),
        (1, request["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, request["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    )
    for descriptor, file, flags in streams:
        os.dup2(os.open(file, flags, 0o600), descriptor)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + request["memory"],) * 2)
    if request["file_bytes"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"],) * 2)
    if request["open_files"]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (request["open_files"],) * 2)
    sys.argv = ["vidstyle", *request["words"]]


if __name__ == "__main__":
    main()

"""Cluster trial: four workers as separate hosts, in network namespaces of this machine; for root.

    python -m tools.cluster_trial FILM FOLDER

One worker is killed, one is cut off from the network, one is slow, and the coordinator is killed
twice. No worker has the film at its path: they get it by content. Prints a table in Markdown, of
the tasks begun and the parts received in each run.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PREFIX, BRIDGE, NETWORK = "vst", "vstbridge", "10.77.0"
WORKERS, PORT = 4, 8786
PART_S = 1.0
LIMIT_S = 240.0
NOTED = f"""
import pathlib, sys
import vidstyle.apps.cluster as cluster
from vidstyle.cluster.dispatch import Dispatcher
from vidstyle.media.parts import PartFolder
cluster.PART_S = {PART_S}
log = pathlib.Path(sys.argv.pop(1))
def note(word):
    with log.open("a") as lines:
        lines.write(word + "\\n")
take, begin = PartFolder.take, Dispatcher._begin
def noted_take(self, part, content):
    end = take(self, part, content)
    note(f"received Part {{part.number + 1}}")
    return end
def noted_begin(self, name, *given):
    note(f"begun {{name}}")
    begin(self, name, *given)
PartFolder.take, Dispatcher._begin = noted_take, noted_begin
from vidstyle.cli import main
sys.exit(main())
"""


def run(*words: str) -> None:
    """Run a command of the system."""
    subprocess.run(words, check=True)


@contextmanager
def hosts() -> Iterator[list[str]]:
    """Network namespaces on one bridge: that of scheduler and coordinator, and of each worker."""
    names = [f"{PREFIX}{number}" for number in range(WORKERS + 1)]
    try:
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "link", "set", BRIDGE, "up")
        for number, name in enumerate(names):
            run("ip", "netns", "add", name)
            run("ip", "link", "add", f"{name}o", "type", "veth", "peer", "name", f"{name}i")
            run("ip", "link", "set", f"{name}i", "netns", name)
            run("ip", "link", "set", f"{name}o", "master", BRIDGE, "up")
            inside = ("ip", "-n", name)
            run(*inside, "addr", "add", f"{NETWORK}.{number + 1}/24", "dev", f"{name}i")
            run(*inside, "link", "set", f"{name}i", "up")
            run(*inside, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", BRIDGE], check=False)


@contextmanager
def started(
    host: str, words: Sequence[str], log: Path, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Process group on a host; it is killed after the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["ip", "netns", "exec", host, *words],
            stdout=output,
            stderr=output,
            env=os.environ | environment,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + LIMIT_S
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError("Nothing happened for too long.")
        time.sleep(0.05)


def noted(log: Path, word: str) -> list[str]:
    """Lines of a log that begin with a word, without it."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [line.removeprefix(word).strip() for line in lines if line.startswith(word)]


def trial(film: Path, folder: Path) -> str:
    """Run the trial; return the table."""
    keys, log, output = folder / "keys", folder / "log.txt", folder / "out.mp4"
    secret = {"VIDSTYLE_CLUSTER_KEYS": str(keys)}
    run(sys.executable, "-m", "vidstyle", "cluster-keys", str(keys))
    place = f"{NETWORK}.1:{PORT}"
    tls = [str(keys / "cluster.crt"), str(keys / "cluster.crt"), str(keys / "cluster.key")]
    flags = [word for pair in zip(TLS, tls, strict=True) for word in pair]
    scheduler = [
        *(sys.executable, "-m", "distributed.cli.dask_scheduler"),
        *("--host", f"{NETWORK}.1", "--port", str(PORT), "--protocol", "tls"),
        *("--dashboard-address", "127.0.0.1:0", *flags),
    ]
    vidstyle = f"exec '{sys.executable}' -m vidstyle worker {place} --processes 1"
    hidden = f"mount -t tmpfs none '{film.parent}' && {vidstyle}"
    conversion = [
        *(sys.executable, "-c", NOTED, str(log), str(film), "-o", str(output), "--style", "udnie"),
        *("--every", "3", "--cluster", place, "-q"),
    ]
    rows = ["| run | what happened | parts begun | parts received |", "| --- | --- | --- | --- |"]
    with hosts() as names, ExitStack() as opened:
        opened.enter_context(started(names[0], scheduler, folder / "scheduler.log"))
        time.sleep(5)
        workers = [
            opened.enter_context(
                started(
                    name,
                    ["unshare", "-m", *(SLOW if number == 0 else ()), "sh", "-c", hidden],
                    folder / f"{name}.log",
                    XDG_CACHE_HOME=str(folder / f"cache-{name}"),
                    **secret,
                )
            )
            for number, name in enumerate(names[1:])
        ]

        def received_since(before: int, least: int) -> bool:
            return len(noted(log, "received")) >= before + least

        for number, (event, least) in enumerate(EVENTS):
            begun, received = len(noted(log, "begun")), len(noted(log, "received"))
            with started(names[0], conversion, folder / "run.log", **secret) as process:
                if least:
                    wait_for(lambda before=received, n=least: received_since(before, n))  # type: ignore[misc]
                    if number == 0:
                        end(workers[1])
                        run("ip", "link", "set", f"{names[3]}o", "down")
                        wait_for(lambda before=received: received_since(before, 4))  # type: ignore[misc]
                else:
                    code = process.wait(timeout=LIMIT_S)
                    event = f"{event}: code {code}"
            now = len(noted(log, "begun")) - begun, len(noted(log, "received")) - received
            rows.append(f"| {number + 1} | {event} | {now[0]} | {now[1]} |")
    different = len(set(noted(log, "received")))
    total = len(noted(log, "received"))
    rows.append(f"| all | {different} different parts | {len(noted(log, 'begun'))} | {total} |")
    return "\n".join(rows)


TLS = ("--tls-ca-file", "--tls-cert", "--tls-key")
SLOW = ("nice", "-n", "19")  # beside all others
EVENTS = (
    ("a worker killed, one cut off, one slow; coordinator killed", 2),
    ("coordinator killed again", 2),
    ("to the end", 0),
)


if __name__ == "__main__":
    print(trial(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute()))

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from vidstyle.errors import StyleError
from vidstyle.perceptual import weights
from vidstyle.perceptual.weights import WeightFile, fetch

CONTENT = np.random.default_rng(0).bytes(300_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT on the loopback, as well or as badly as told."""

    content = CONTENT
    status: int | None = None  # answered instead of the file
    cut_after: int | None = None  # bytes of the file, then the connection closes
    knows_ranges = True
    chunked = False
    stall_s = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []  # the range of each request
        self.may_answer = threading.Event()
        self.may_answer.set()

    def handle_error(self, *_arguments: object) -> None:
        """A client that hangs up is no news."""

    @property
    def file(self) -> WeightFile:
        """What it serves, as a thing to fetch."""
        return WeightFile(
            "toy", f"http://127.0.0.1:{self.server_port}/toy-{DIGEST[:8]}.pth", DIGEST[:8]
        )


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, asked = self.server, self.headers["Range"]
        server.asked.append(asked)
        time.sleep(server.stall_s)
        server.may_answer.wait(60)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        start = start if server.knows_ranges else 0
        beyond = bool(start) and start >= len(server.content)
        if server.status or beyond:
            self.send_error(server.status or 416)
            return
        self.send_response(206 if start else 200)
        if not server.chunked:
            self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        self.wfile.write(server.content[start : server.cut_after])

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def partial_of(server: Server, folder: Path) -> Path:
    return folder / f"{server.file.file_name}.partial"


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    file = fetch(server.file, folder)
    assert file == folder / f"toy-{DIGEST[:8]}.pth"
    assert file.read_bytes() == CONTENT
    assert fetch(server.file, folder) == file
    assert server.asked == [None]
    assert not partial_of(server, folder).exists()


def test_the_default_folder_is_the_users_cache(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "user_cache_path", lambda name, **_: tmp_path / name)
    assert fetch(server.file).parent == tmp_path / "vidstyle" / "weights"


def test_progress_is_reported(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "BLOCK", 100_000)
    partial_of(server, tmp_path).write_bytes(CONTENT[:50_000])
    reports: list[tuple[int, int | None]] = []
    fetch(server.file, tmp_path, lambda done, total: reports.append((done, total)))
    assert reports == [(150_000, 300_000), (250_000, 300_000), (300_000, 300_000)]


def test_a_broken_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.cut_after = 120_000
    with pytest.raises(StyleError, match=r"broke off at 120,000 of 300,000 bytes.*is kept"):
        fetch(server.file, tmp_path)
    assert partial_of(server, tmp_path).read_bytes() == CONTENT[:120_000]
    server.cut_after = None
    assert fetch(server.file, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=120000-"]


def test_a_server_without_ranges_is_asked_for_all_of_it(server: Server, tmp_path: Path) -> None:
    partial_of(server, tmp_path).write_bytes(CONTENT[:120_000])
    server.knows_ranges = False
    assert fetch(server.file, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=120000-"]


def test_a_server_need_not_say_how_much_it_sends(server: Server, tmp_path: Path) -> None:
    server.chunked = True
    totals = set()
    fetch(server.file, tmp_path, lambda _, total: totals.add(total))
    assert totals == {None}


@pytest.mark.parametrize("excess", [b"", b"and more"])
def test_a_part_that_is_whole_or_too_long_does_no_harm(
    server: Server, tmp_path: Path, excess: bytes
) -> None:
    partial_of(server, tmp_path).write_bytes(CONTENT + excess)
    assert fetch(server.file, tmp_path).read_bytes() == CONTENT
    again = [None] if excess else []
    assert server.asked == [f"bytes={300_000 + len(excess)}-", *again]


def test_a_wrong_hash_is_said_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = b"something else"
    found = hashlib.sha256(b"something else").hexdigest()[:8]
    with pytest.raises(StyleError, match=f"begins with {found}, not {DIGEST[:8]}. It is deleted"):
        fetch(server.file, tmp_path)
    assert [file.suffix for file in tmp_path.iterdir()] == [".lock"]


def test_a_damaged_file_in_the_cache_is_fetched_again(server: Server, tmp_path: Path) -> None:
    file = fetch(server.file, tmp_path)
    file.write_bytes(CONTENT[:-1] + b"?")
    assert fetch(server.file, tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_two_at_once_download_it_once(server: Server, tmp_path: Path) -> None:
    server.stall_s = 0.3
    with ThreadPoolExecutor(2) as pool:
        files = list(pool.map(lambda _: fetch(server.file, tmp_path), range(2)))
    assert [file.read_bytes() == CONTENT for file in files] == [True, True]
    assert server.asked == [None]


@pytest.mark.parametrize(
    ("status", "answer"), [(404, "404: Not Found"), (416, "416: "), (503, "503: ")]
)
def test_a_refusal_is_said(server: Server, tmp_path: Path, status: int, answer: str) -> None:
    server.status = status
    with pytest.raises(
        StyleError, match=rf"Cannot download.*HTTP Error {answer}.*local file"
    ) as raised:
        fetch(server.file, tmp_path)
    assert "\n" not in str(raised.value)
    assert "is kept" not in str(raised.value)


def test_silence_is_said(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "TIMEOUT_S", 0.1)
    server.may_answer.clear()
    try:
        with pytest.raises(StyleError, match=r"timed out.*the slim features"):
            fetch(server.file, tmp_path)
    finally:
        server.may_answer.set()


def test_offline_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        file = server.file
    with pytest.raises(StyleError, match=r"no connection.*refused.*local file.*slim"):
        fetch(file, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full disk at hand")
def test_a_full_disk_is_said(server: Server, tmp_path: Path) -> None:
    partial_of(server, tmp_path).symlink_to("/dev/full")
    with pytest.raises(StyleError, match=f"{tmp_path}: .*No space left"):
        fetch(server.file, tmp_path)


def test_a_folder_that_is_none_is_said(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StyleError, match=r"Not a directory|exists"):
        fetch(server.file, tmp_path / "file")


def test_only_the_web_is_asked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="file:///etc/hostname"):
        fetch(WeightFile("toy", "file:///etc/hostname", ""), tmp_path)


def test_the_published_names_carry_their_hashes() -> None:
    for file in (
        *(weights.VGG16, weights.VGG19, weights.SQUEEZENET),
        *(weights.MOBILENET, weights.RESNET50),
    ):
        assert file.url == f"https://download.pytorch.org/models/{file.file_name}"
        assert file.file_name.endswith(f"-{file.sha256_prefix}.pth")
        assert len(bytes.fromhex(file.sha256_prefix)) == 4

"""The page without a server is given out as it was built, and nothing beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.client import Client
from tests.server.running import running
from vidstyle.errors import OptionError
from vidstyle.options import ServeOptions
from vidstyle.server.service import SITE_FILES, Service

FILES = {
    "index.html": "text/html",
    "files.js": "text/javascript",
    "styles.json": "application/json",
    "device.css": "text/css",
    "runtime/litert.wasm": "application/wasm",
    "styles/udnie.tflite": "application/octet-stream",
    "icons/icon.svg": "image/svg+xml",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the names of a built page."""
    folder = tmp_path_factory.mktemp("web") / "site"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"content of {name}")
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    return folder


@pytest.fixture(scope="module")
def device(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(tmp_path_factory.mktemp("data"), site=str(site), token="word") as server:
        yield server.client


def test_files_are_given_out_with_their_types_without_a_token(device: Client) -> None:
    for name, kind in FILES.items():
        answer = device.get(f"/device/{name}")
        assert (answer.status, answer.content) == (200, f"content of {name}".encode())
        assert answer.headers["content-type"].partition(";")[0] == kind


def test_the_folder_alone_is_the_page(device: Client) -> None:
    assert device.get("/device/").content == b"content of index.html"
    answer = device.get("/device")
    assert (answer.status, answer.headers["location"]) == (308, "/device/")


def test_the_page_may_run_webassembly_and_reach_no_other_host(device: Client) -> None:
    for path in ("/device/", "/device/runtime/litert.wasm"):
        headers = device.get(path).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self' 'wasm-unsafe-eval';" in policy
        assert "default-src 'none'" in policy and "connect-src 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert "wasm" not in device.get("/").headers["content-security-policy"]


def test_files_that_a_browser_has_are_not_sent_again(device: Client) -> None:
    first = device.get("/device/runtime/litert.wasm")
    assert first.headers["cache-control"] == "no-cache"
    again = device.get("/device/runtime/litert.wasm", If_None_Match=first.headers["etag"])
    assert (again.status, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "runtime", "runtime/", "nothing.js", "../secret.txt", "%2e%2e/secret.txt",
        "..%2fsecret.txt", "runtime/..%2f..%2fsecret.txt", "%2fetc/passwd", "/etc/passwd",
        "link.txt", "files.js%00", "..%5csecret.txt",
    ],
)  # fmt: skip
def test_nothing_else_is_given_out(device: Client, path: str) -> None:
    assert device.get(f"/device/{path}").status == 404


def test_files_are_only_read(device: Client, site: Path) -> None:
    for method in ("PUT", "POST", "DELETE"):
        assert device.ask(method, "/device/files.js", b"x").status == 405
    assert (site / "files.js").read_text() == "content of files.js"


def test_the_page_tells_where_it_is(device: Client, client: Client) -> None:
    told = device.get("server", Authorization="Bearer word").json
    assert told["device_page"] == "/device/"
    assert client.get("server").json["device_page"] is None
    assert client.get("/device/").status == 404


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / SITE_FILES[0]).touch()
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(OptionError, match=r"site: .* is not the page without a server"):
            Service(ServeOptions(data=str(tmp_path / "data"), site=str(folder)))

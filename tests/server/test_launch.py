"""The server starts with a line that says where it is, or with one that says why not."""

import logging
import socket
import sys
from contextlib import closing

import pytest

from vidstyle.cli import main
from vidstyle.errors import MissingExtraError, OptionError
from vidstyle.options import ServeOptions
from vidstyle.server import launch
from vidstyle.server.launch import address_of, bound_socket, serve


def test_a_taken_port_is_said_with_the_cure() -> None:
    with closing(bound_socket(ServeOptions(port=0))) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OptionError, match=f"Cannot listen at 127.0.0.1, port {port}"):
            bound_socket(ServeOptions(port=port))


def test_an_unknown_host_is_said() -> None:
    with pytest.raises(OptionError, match='host "no such host" is no address'):
        bound_socket(ServeOptions(host="no such host"))


def test_the_address_is_one_for_browsers() -> None:
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost")):
        options = ServeOptions(host=host, port=0)
        with closing(bound_socket(options)) as listener:
            assert address_of(options, listener) == f"http://{shown}:{listener.getsockname()[1]}/"


def test_an_open_server_is_announced_loudly(caplog: pytest.LogCaptureFixture) -> None:
    lines = list[str]()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        launch._announce(ServeOptions(host="0.0.0.0"), listener, lines.append)
        launch._announce(ServeOptions(host="0.0.0.0", token="t"), listener, lines.append)
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "can see and delete all pictures. Set a token." in warning.getMessage()
    assert len(lines) == 2 and lines[0].startswith("vidstyle is at http://localhost:")


def test_open_shows_the_page_with_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[str]()
    monkeypatch.setattr("webbrowser.open", opened.append)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        launch._announce(ServeOptions(open=True, token="se&cret"), listener, lambda line: None)
        assert opened == [f"http://127.0.0.1:{listener.getsockname()[1]}/?token=se%26cret"]


def test_a_missing_extra_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "vidstyle.server.asgi_server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(MissingExtraError, match=r"needs the package uvicorn.*\[server\]"):
        serve(ServeOptions())
    assert main(["serve"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_wrong_setting_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        ("--port 70000", "--port must be at most 65535, not 70000."),
        ("--keep never", '--keep must be a time over 0, as 12h or 30d, not "never".'),
        ("--max-upload 2XB", '--max-upload must be a size over 0, as 500MB or 2GB, not "2XB".'),
        ("--workers 0", "--workers must be at least 1, not 0."),
    ):
        assert main(["serve", *words.split()]) == 2
        assert message in capsys.readouterr().err

"""OSC messages over real UDP on the loopback, to a stand-in for the session."""

import errno
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from pythonosc.udp_client import SimpleUDPClient

from tests.live.scene import WAIT_S, frame, panned
from vidstyle.errors import MissingExtraError, OptionError
from vidstyle.live.controls import Command, Controls, ControlState
from vidstyle.live.osc import MAX_WARNINGS, OscServer
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.overlay import Status

STYLES = ("great-wave", "udnie", "mine.jpg")
STATUS = Status("great-wave", 30, 10, 20, 0, "480 lines", 1.0, False, STYLES)
OUTPUT = OutputFrame(frame(panned(0), 0), panned(0))


class Host:
    """Stand-in for the session; it gets its last command as a mark that all before is done."""

    def __init__(self) -> None:
        self.controls = Controls(len(STYLES), ControlState(), lambda: 3)
        self.commands = list[tuple[Command, OutputFrame | None]]()
        self.marked = threading.Event()
        self.fails = False

    def poll(self) -> bool:
        return True

    def perform(self, command: Command, output: OutputFrame | None) -> str:
        self.commands.append((command, output))
        if self.fails and command is Command.SNAPSHOT:
            return "The toy disk is full."
        if command is Command.QUIT:
            self.marked.set()
        return ""

    def open_style(self, file: str) -> str:
        return file

    def status(self) -> Status:
        return STATUS


class Remote:
    """A host, its server at work, and a client that sends to it."""

    def __init__(self) -> None:
        self.host, self.server = Host(), OscServer("127.0.0.1", 0)
        self.client = SimpleUDPClient("127.0.0.1", self.server.port)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self.server.run, args=(self.host, self._stop), daemon=True
        )
        self._thread.start()

    def send(self, *messages: tuple[str, Any]) -> ControlState:
        """Send messages, each with a value or a list of them; the state after all of them."""
        for name, value in messages:
            self.client.send_message(f"/vidstyle/{name}", value)
        return self.wait()

    def wait(self) -> ControlState:
        """Wait until all messages so far are done."""
        self.host.marked.clear()
        self.client.send_message("/vidstyle/key", "q")
        assert self.host.marked.wait(WAIT_S)
        return self.host.controls.state

    def close(self) -> None:
        self._stop.set()
        self.server.close()
        self._thread.join(WAIT_S)
        self.client._sock.close()
        assert not self._thread.is_alive()


@pytest.fixture
def remote() -> Iterator[Remote]:
    made = Remote()
    yield made
    made.close()


def test_styles_are_chosen_by_number_by_name_and_one_by_one(remote: Remote) -> None:
    chosen = [("next", []), ("style", 3), ("style", "Udnie"), ("previous", 1.0), ("style", 2.0)]
    numbers = [remote.send(message).style_number for message in chosen]
    assert numbers == [1, 2, 1, 0, 1]


def test_a_button_acts_when_pressed_and_not_when_released(remote: Remote) -> None:
    assert remote.send(("next", 1.0), ("next", 0.0)).style_number == 1
    assert remote.send(("next", True), ("next", False)).style_number == 2


def test_strength_and_painted_part_are_set(remote: Remote) -> None:
    state = remote.send(("strength", 0.25), ("only", "background"))
    assert (state.strength, state.only) == (0.25, "background")
    assert remote.send(("strength", 7)).strength == 1.0


def test_any_key_can_be_pressed(remote: Remote) -> None:
    assert remote.send(("key", "c"), ("key", "f")) == replace(
        ControlState(), keep_colors=True, frozen=True
    )


def test_a_snapshot_is_of_the_newest_frame(remote: Remote) -> None:
    remote.server.write(OUTPUT)
    remote.send(("snapshot", 1), ("snapshot", 0), ("record", []))
    snapshot, record = remote.host.commands[:2]
    assert snapshot == (Command.SNAPSHOT, OUTPUT)
    assert record[0] is Command.RECORD


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("dance", 1, "/vidstyle/dance is unknown. Send one of: /vidstyle/next,"),
        ("style", 4, 'No style is "4". Send a number from 1 to 3, or a name: '),
        ("style", "none", 'No style is "none"'),
        ("style", [], 'No style is "None"'),
        ("strength", "much", "/vidstyle/strength takes a number of 0 to 1, not 'much'."),
        ("strength", float("nan"), "takes a number"),
        ("only", "dog", "/vidstyle/only takes all, person, background, not 'dog'."),
    ],
)
def test_unusable_messages_are_logged_once(
    name: str, value: Any, complaint: str, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    assert remote.send(*[(name, value)] * 3) == ControlState()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("OSC: ")
    assert complaint in caplog.messages[0]


def test_a_controller_that_sends_other_things_all_the_time_does_not_fill_the_log(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    remote.send(*[(f"sensor{n}", n) for n in range(2 * MAX_WARNINGS)])
    assert len(caplog.messages) == MAX_WARNINGS


def test_a_network_that_is_down_for_a_moment_does_not_end_the_server(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.live.osc.POLL_S", 0.0)
    server, stop = OscServer("127.0.0.1", 0), threading.Event()
    errors = [TimeoutError(), OSError(errno.ENETDOWN, "Network is down")]

    def recv(size: int) -> bytes:
        if not errors:
            stop.set()
            return b"no message"
        raise errors.pop()

    with closing(server._socket):
        server._socket = Mock(recv=recv, fileno=lambda: 3)
        server.run(Host(), stop)
    assert caplog.messages[0] == "OSC: no messages can be received: Network is down."


def test_a_closed_server_ends_its_thread(remote: Remote) -> None:
    remote.server.close()
    remote._thread.join(WAIT_S)
    assert not remote._thread.is_alive()


def nested(depth: int) -> bytes:
    """Bundles inside of each other."""
    content = b""
    for _ in range(depth):
        length = len(content).to_bytes(4, "big") if content else b""
        content = b"#bundle\0" + bytes(7) + b"\1" + length + content
    return content


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"hello",
        b"/a",
        b"/\xff\xff\xff\0\0\0\0",
        b"#bundle\0" * 4,
        nested(3000),
    ],
    ids=len,
)
def test_datagrams_that_are_no_messages_do_no_harm(
    datagram: bytes, remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagram, ("127.0.0.1", remote.server.port))
    assert remote.send(("next", 1)).style_number == 1
    complaints = {message for message in caplog.messages if message.startswith("OSC: ")}
    assert complaints <= {"OSC: a message is damaged, or not of OSC."}


def test_a_snapshot_that_fails_is_told_and_the_server_goes_on(
    remote: Remote, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "vidstyle.live.osc")
    remote.host.fails = True
    assert remote.send(("snapshot", 1), ("strength", 0.5)).strength == 0.5
    assert caplog.messages == ["OSC: The toy disk is full."]


def test_a_taken_port_is_an_error_that_names_it() -> None:
    first = OscServer("127.0.0.1", 0)
    with pytest.raises(OptionError, match=f"osc cannot listen at 127.0.0.1:{first.port}: "):
        OscServer("127.0.0.1", first.port)
    first.close()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pythonosc.osc_packet", None)
    with pytest.raises(MissingExtraError, match=r"python-osc.*osc\]"):
        OscServer("127.0.0.1", 0)

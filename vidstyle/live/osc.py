"""OSC control: Open Sound Control messages over UDP change the settings of the live filter.

Messages are read by the package python-osc, the extra `osc`.
"""

import logging
import math
import socket
import threading
from collections.abc import Callable
from typing import Any

from vidstyle.errors import MissingExtraError, OptionError, reason
from vidstyle.extras import install_hint
from vidstyle.live.controls import Command
from vidstyle.live.sinks.base import DisplayHost, OutputFrame
from vidstyle.options import PAINTED
from vidstyle.stylize.catalog import known_name

log = logging.getLogger(__name__)

PREFIX = "/vidstyle/"
DATAGRAM_BYTES = 65_535
BEGINNINGS = (b"/", b"#bundle\0")  # of messages, and of bundles of them
POLL_S = 0.25  # of the wait for a message
MAX_WARNINGS = 20  # about unusable messages; a controller sends up to 60 a second


class OscServer:
    """OSC server that acts like the keys of the window, and a sink, for snapshots.

    `run` belongs to a thread of its own, `write` to the sink thread.
    """

    def __init__(self, host: str, port: int) -> None:
        """Bind the port.

        Args:
            host: name or address; 0.0.0.0 listens to other machines too.
            port: of UDP; 0 for a free one.

        Raises:
            MissingExtraError: python-osc is not installed.
            OptionError: the port is taken or may not be used, or the host is not of this machine.
        """
        self._messages = _message_reader()
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
        except OSError as error:
            raise _unusable(host, port, error) from error
        try:
            self._socket.bind(address)
        except OSError as error:
            self._socket.close()
            raise _unusable(host, port, error) from error
        self._socket.settimeout(POLL_S)
        self.port: int = self._socket.getsockname()[1]
        self._newest: OutputFrame | None = None
        self._warned = set[str]()

    def write(self, output: OutputFrame) -> None:
        """Keep the frame for a snapshot."""
        self._newest = output

    def close(self) -> None:
        """Free the port; callable from any thread, and repeatedly."""
        self._socket.close()

    def run(self, host: DisplayHost, stop: threading.Event) -> None:
        """Act on messages until `stop` is set or the port is closed; the body of the thread.

        Args:
            host: the session; its `controls`, `perform` and `status` are used.
            stop: set to end the run, noticed within `POLL_S`.
        """
        while not stop.is_set():
            try:
                datagram = self._socket.recv(DATAGRAM_BYTES)
            except TimeoutError:
                continue
            except OSError as error:
                if self._socket.fileno() < 0:  # closed
                    return
                self._warn(f"no messages can be received: {reason(error)}.")
                stop.wait(POLL_S)
                continue
            self._act_on(datagram, host)

    def _act_on(self, datagram: bytes, host: DisplayHost) -> None:
        try:
            for address, arguments in self._messages(datagram):
                self._act(address, arguments[0] if arguments else None, host)
        except ValueError as error:
            self._warn(str(error))

    def _act(self, address: str, value: Any, host: DisplayHost) -> None:
        """Carry out one message.

        Raises:
            ValueError: the address is unknown, or the value unusable.
        """
        name = address.removeprefix(PREFIX)
        if name not in ACTIONS or name == address:
            names = ", ".join(PREFIX + name for name in ACTIONS)
            raise ValueError(f"{address} is unknown. Send one of: {names}.")
        if name in BUTTONS and value is not None and not value:
            return  # a button that is let go
        command = ACTIONS[name](host, value)
        message = "" if command is None else host.perform(command, self._newest)
        if message:
            log.info("OSC: %s.", message.removesuffix("."))

    def _warn(self, message: str) -> None:
        """Log a warning once, and `MAX_WARNINGS` at most."""
        if message not in self._warned and len(self._warned) < MAX_WARNINGS:
            self._warned.add(message)
            log.warning("OSC: %s", message)


Action = Callable[[DisplayHost, Any], Command | None]


def _key(name: str) -> Action:
    return lambda host, value: host.controls.press(name)


def _press(host: DisplayHost, value: Any) -> Command | None:
    return host.controls.press(str(value))


def _select_style(host: DisplayHost, value: Any) -> None:
    """Select a style by its number, from 1, or by its name."""
    names = host.status().styles
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    number = int(text) if text.isdecimal() else 0
    name = known_name(text)
    if name in names:
        number = names.index(name) + 1
    if not 1 <= number <= len(names):
        choices = ", ".join(names)
        raise ValueError(
            f'No style is "{text}". Send a number from 1 to {len(names)}, or a name: {choices}.'
        )
    host.controls.select(number - 1)


def _set_strength(host: DisplayHost, value: Any) -> None:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{PREFIX}strength takes a number of 0 to 1, not {value!r}.")
    host.controls.set(strength=min(1.0, max(0.0, float(value))))


def _set_part(host: DisplayHost, value: Any) -> None:
    if value not in PAINTED:
        raise ValueError(f"{PREFIX}only takes {', '.join(PAINTED)}, not {value!r}.")
    host.controls.set(only=value)


ACTIONS: dict[str, Action] = {
    "next": _key("right"),
    "previous": _key("left"),
    "style": _select_style,
    "strength": _set_strength,
    "only": _set_part,
    "snapshot": _key("s"),
    "record": _key("r"),
    "key": _press,
}
BUTTONS = ("next", "previous", "snapshot", "record")  # take no value, or 1 pressed and 0 released


def _message_reader() -> Callable[[bytes], list[tuple[str, list[Any]]]]:
    """Function that reads addresses and arguments of the messages in a datagram.

    It raises a ValueError if they are none.

    Raises:
        MissingExtraError: python-osc is not installed.
    """
    try:
        from pythonosc.osc_packet import OscPacket, ParseError
    except ImportError as error:
        raise MissingExtraError(
            f"OSC needs the package python-osc. Install the extra: {install_hint('osc')}."
        ) from error

    def messages(datagram: bytes) -> list[tuple[str, list[Any]]]:
        try:
            if not datagram.startswith(BEGINNINGS):
                raise ParseError  # before python-osc logs it
            packet = OscPacket(datagram)
        except (ParseError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError("a message is damaged, or not of OSC.") from error
        return [(timed.message.address, timed.message.params) for timed in packet.messages]

    return messages


def _unusable(host: str, port: int, error: OSError) -> OptionError:
    return OptionError(f"osc cannot listen at {host}:{port}: {reason(error)}.", "osc")

"""Launch of the server: socket, data folder, event loop and shutdown of `vidstyle serve`."""

import contextlib
import logging
import socket
import webbrowser
from collections.abc import Callable
from urllib.parse import quote

import cv2

from vidstyle.allocator import keep_freed_memory
from vidstyle.errors import MissingExtraError, OptionError, reason
from vidstyle.extras import install_hint
from vidstyle.hardware import ThreadPlan, usable_cores
from vidstyle.options import ServeOptions
from vidstyle.stylize.providers import resolved

log = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(options: ServeOptions, announce: Callable[[str], None] = print) -> None:
    """Serve until a signal ends the process; belongs to the main thread.

    Args:
        options: settings of the server.
        announce: called with the line that says where the page is, once it can be opened.

    Raises:
        MissingExtraError: the packages of the extra are not installed.
        OptionError: the address or the data folder cannot be used, or the provider is missing.
        KeyboardInterrupt: Ctrl-C, after an orderly end.
    """
    try:
        from vidstyle.server.asgi_server import BACKLOG, AsgiServer
        from vidstyle.server.service import Service
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"The server needs the package {error.name}. "
            f"Install the extra: {install_hint('server')}."
        ) from error
    resolved(options.provider)  # raises before any client waits
    keep_freed_memory()
    cv2.setNumThreads(ThreadPlan.for_cores(usable_cores(), every_frame=False).opencv)
    with contextlib.closing(bound_socket(options)) as listener, Service(options) as service:
        listener.listen(BACKLOG)
        _announce(options, listener, announce)
        AsgiServer(service).run([listener])


def bound_socket(options: ServeOptions) -> socket.socket:
    """Socket bound to the address of the options.

    Raises:
        OptionError: the address is unknown, taken, or not this machine's.
    """
    host, port = options.host, options.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise OptionError(f'host "{host}" is no address: {reason(error)}.', "host") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    # On Windows, SO_REUSEADDR would let two servers have the same port.
    shared = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
    listener.setsockopt(socket.SOL_SOCKET, shared, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise OptionError(
            f"Cannot listen at {host}, port {port}: {reason(error)}. Choose another port.",
            "port",
        ) from error
    return listener


def address_of(options: ServeOptions, listener: socket.socket) -> str:
    """Address of the page, for a browser on this machine."""
    host = options.host
    if host in ("0.0.0.0", "::", ""):
        host = "localhost"
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/"


def _announce(
    options: ServeOptions, listener: socket.socket, announce: Callable[[str], None]
) -> None:
    """Say where the page is; connections wait from now on until the server accepts them."""
    if options.host not in LOOPBACK and options.token is None:
        log.warning(
            "Every machine that reaches %s can see and delete all pictures. Set a token.",
            options.host,
            extra={"settings": ("token",)},
        )
    address = address_of(options, listener)
    announce(f"vidstyle is at {address} (Ctrl-C ends it)")
    if options.open:
        word = f"?token={quote(options.token, safe='')}" if options.token else ""
        webbrowser.open(address + word)

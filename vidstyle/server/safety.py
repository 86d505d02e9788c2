"""Safety middleware: host names, origins, token, and headers against misuse by other sites."""

import hmac
import ipaddress
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidstyle.server.problems import Problem

API = "/api/v1/"
COOKIE = "vidstyle_token"
OPEN_PATHS = (f"{API}health", f"{API}session")  # of the API, without a token
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
POLICY = "content-security-policy"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    POLICY: CONTENT_SECURITY_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


class Access:
    """Rules of access: which host names, origins and tokens are accepted."""

    def __init__(self, hosts: Iterable[str], token: str | None) -> None:
        """Set the rules.

        Args:
            hosts: names that the server is reached by, besides addresses and "localhost".
            token: word that clients have to give; None for none.
        """
        self._hosts = {"localhost", *(name.casefold() for name in hosts)}
        self.token = token

    def check(self, scope: Scope) -> None:
        """Check a request or WebSocket.

        Raises:
            Problem: it is refused, with status 400, 401 or 403.
        """
        headers = Headers(scope=scope)
        self._check_host(headers)
        if scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS:
            _check_origin(headers)
        path: str = scope["path"]
        if path.startswith(API) and path not in OPEN_PATHS and not self.is_authorized(headers):
            raise Problem(401, "The token is missing or wrong. Give that of the server.")

    def is_authorized(self, headers: Headers) -> bool:
        """Whether headers carry the token, or none is asked for."""
        if self.token is None:
            return True
        scheme, _, word = headers.get("authorization", "").partition(" ")
        given = word.strip() if scheme.casefold() == "bearer" else _cookie(headers)
        return self.is_token(given)

    def is_token(self, word: str) -> bool:
        """Whether a word is the token; takes the same time for all words of a length."""
        return self.token is not None and hmac.compare_digest(word.encode(), self.token.encode())

    def _check_host(self, headers: Headers) -> None:
        """Refuse names of other sites, which may have been rebound to this machine.

        With a token this is not needed: a browser sends the cookie to the name that set it.
        """
        hosts = headers.getlist("host")
        name = _host_name(hosts[0]) if len(hosts) == 1 else ""
        if not name:
            raise Problem(400, "The Host header is missing or malformed.")
        if self.token is None and name not in self._hosts and not _is_address(name):
            raise Problem(
                403,
                f'The server is not known by the name "{name}". '
                f"Open it by its address, or start it with the option allow_host={name}.",
            )


class SafetyMiddleware:
    """ASGI middleware that checks access, and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, or answer with the problem."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(message.get("headers", ()))
            await send(message)

        try:
            self._access.check(scope)
        except Problem as problem:
            await _refuse(problem, scope, receive, send_safely)
        else:
            await self._app(scope, receive, send_safely)


def _completed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of an answer with those of `HEADERS` that it does not set itself."""
    own = list(headers)
    names = {name for name, _ in own}
    return own + [header for header in RAW_HEADERS if header[0] not in names]


async def _refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await problem.response()(scope, receive, send)
    else:  # which the server turns into status 403
        await send({"type": "websocket.close", "code": 1008})


def set_cookie(response: Response, token: str, *, secure: bool) -> None:
    """Give a browser the token as a cookie that scripts and other sites cannot use."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=secure)


def _check_origin(headers: Headers) -> None:
    """Refuse requests that another site's page makes; programs send none of these headers.

    Behind a proxy that changes `Host`, `Sec-Fetch-Site` or `X-Forwarded-Host` still tells; a page
    cannot set either for another site.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        own = site in ("same-origin", "none")
    else:
        names = (headers.get("host", ""), headers.get("x-forwarded-host", ""))
        own = origin is None or _netloc(origin) in {name.casefold() for name in names if name}
    if not own:
        raise Problem(403, "The request comes from another site's page, and was refused.")


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.casefold()
    except ValueError:
        return ""


def _host_name(host: str) -> str:
    """Name or address in a Host header, in lower case; empty if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises ValueError for a wrong one
    except ValueError:
        return ""
    plain = parts.netloc == host and parts.username is None
    return (parts.hostname or "").removesuffix(".") if plain else ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _cookie(headers: Headers) -> str:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if cookie is None else cookie.value

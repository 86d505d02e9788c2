"""Files as answers: one range of bytes, entity tags, and names for saving."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vidstyle import __version__
from vidstyle.server.problems import Problem

PART_BYTES = 256 * 1024
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def file_answer(
    request: Request, path: Path, *, media_type: str, digest: str, name: str, save: bool
) -> Response:
    """Answer with a file, or the range of it that was asked for.

    Args:
        request: GET or HEAD.
        path: of the file.
        media_type: of a picture or video; browsers are told to take it for nothing else.
        digest: of its content.
        name: for saving.
        save: whether a browser saves it instead of showing it.

    Raises:
        Problem: the file is gone (404), or the range lies outside (416).
    """
    etag = f'"{digest}"'
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": f"{'attachment' if save else 'inline'}; {_file_name(name)}",
        "etag": etag,
    }
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise Problem(404, "The result is gone. Start the job again.") from None
    chosen = _range(request, etag, size)
    first, last = chosen or (0, size - 1)
    headers["content-length"] = str(last - first + 1)
    if chosen is not None:
        headers["content-range"] = f"bytes {first}-{last}/{size}"
    status = 200 if chosen is None else 206
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(_parts(path, first, last), status, headers, media_type)


def is_known(request: Request, etag: str) -> bool:
    """Whether a client has the content with this entity tag already."""
    known = request.headers.get("if-none-match", "")
    return etag in [tag.strip().removeprefix("W/") for tag in known.split(",")] or known == "*"


def etag_of(*facts: object) -> str:
    """Entity tag of an answer that depends on some facts alone."""
    return f'"{hashlib.sha256(repr((facts, __version__)).encode()).hexdigest()[:32]}"'


def _range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """First and last byte of the range; None for the whole file, also where several are asked."""
    found = RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last), size - 1) if first and last else size - 1
    if first and last and int(last) < start:
        return None
    if start >= size or (not first and int(last) == 0):
        raise Problem(416, f"The file has {size} bytes; the range lies outside.")
    return start, stop


async def _parts(path: Path, first: int, last: int) -> AsyncIterator[bytes]:
    """Yield a range of a file."""
    with path.open("rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0:
            part = await asyncio.to_thread(file.read, min(PART_BYTES, left))
            if not part:
                return
            left -= len(part)
            yield part


def _file_name(name: str) -> str:
    """File name as a parameter of Content-Disposition (RFC 6266)."""
    plain = re.sub(r'[^ -~]|["\\%]', "_", name)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"

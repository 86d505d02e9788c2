"""Published weights of feature networks: fetched once and checked.

Knows addresses and files, but not what is in them.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from filelock import FileLock
from platformdirs import user_cache_path

from vidstyle.errors import Cure, StyleError, reason

log = logging.getLogger(__name__)

Report = Callable[[int, int | None], None]  # bytes that are there, bytes in all if known

TIMEOUT_S = 30  # for the connection, and then for each block
LOCK_TIMEOUT_S = 1800  # another process is downloading the same file
BLOCK = 1 << 20  # bytes
ELSEWHERE = "Give a local file, or use the slim features, which need none."
CURES: tuple[Cure, ...] = ({"feature_weights": ...}, {"features": "slim"})


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file that somebody publishes, and how to know it.

    torchvision writes the first 8 hex digits of the sha256 into the file's name, and that is all
    it publishes; `sha256_prefix` is those, like torch.hub's hash prefix. They find damage; that
    nobody has put another file there is left to https.
    """

    name: str
    url: str
    sha256_prefix: str

    @property
    def file_name(self) -> str:
        """What it is called in the cache: the last part of the URL."""
        return self.url.rpartition("/")[2]


HOST = "https://download.pytorch.org/models"
VGG16 = WeightFile("vgg16", f"{HOST}/vgg16-397923af.pth", "397923af")
VGG19 = WeightFile("vgg19", f"{HOST}/vgg19-dcbb9e9d.pth", "dcbb9e9d")
SQUEEZENET = WeightFile("squeezenet", f"{HOST}/squeezenet1_0-b66bff10.pth", "b66bff10")


def fetch(
    weight_file: WeightFile, cache_folder: Path | None = None, report: Report | None = None
) -> Path:
    """Return the file in the cache, downloading it first unless it is there and intact.

    A download that breaks off leaves its part beside the target, and the next call goes on from
    there. Proxies are taken from the environment.

    Args:
        weight_file: which one.
        cache_folder: the user's cache folder if None.
        report: called after each block of a download.

    Raises:
        StyleError: it cannot be downloaded or stored, or is not what was published.
    """
    if not weight_file.url.startswith(("https://", "http://")):
        raise ValueError(f"Not a web address: {weight_file.url}")
    folder = cache_folder or user_cache_path("vidstyle", appauthor=False) / "weights"
    target = folder / weight_file.file_name
    partial = target.with_name(target.name + ".partial")
    try:
        if not _is_intact(target, weight_file):
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{target}.lock", timeout=LOCK_TIMEOUT_S):
                if not _is_intact(target, weight_file):  # nobody else has fetched it meanwhile
                    _download(weight_file, partial, report)
                    _check(weight_file, partial)
                    partial.replace(target)
    except (OSError, HTTPException) as error:
        raise _not_downloaded(weight_file, partial, error) from error
    return target


def _download(weight_file: WeightFile, partial: Path, report: Report | None) -> None:
    done = _size(partial)
    headers = {"User-Agent": "vidstyle"} | ({"Range": f"bytes={done}-"} if done else {})
    log.warning("Downloading %s to %s", weight_file.url, partial.parent)
    try:
        with urlopen(Request(weight_file.url, headers=headers), timeout=TIMEOUT_S) as response:
            _append(response, partial, done if response.status == 206 else 0, report)
    except HTTPError as error:
        error.close()
        if error.code != 416 or not done:
            raise
        if not _is_intact(partial, weight_file):  # 416: nothing behind what is there
            partial.unlink()
            _download(weight_file, partial, report)
    except URLError as error:
        raise ConnectionError(f"no connection, {error.reason}") from error


def _append(response: HTTPResponse, partial: Path, done: int, report: Report | None) -> None:
    length = response.headers["Content-Length"]
    total = done + int(length) if length else None
    with partial.open("ab" if done else "wb") as file:
        while block := response.read(BLOCK):
            file.write(block)
            done += len(block)
            if report:
                report(done, total)
    if total is not None and done < total:
        raise ConnectionError(f"the connection broke off at {done:,} of {total:,} bytes")


def _is_intact(file: Path, weight_file: WeightFile) -> bool:
    return file.exists() and _sha256(file).startswith(weight_file.sha256_prefix)


def _check(weight_file: WeightFile, partial: Path) -> None:
    found = _sha256(partial)
    if not found.startswith(weight_file.sha256_prefix):
        partial.unlink()
        raise StyleError(
            f"What came from {weight_file.url} is not what was published: its sha256 begins with "
            f"{found[:8]}, not {weight_file.sha256_prefix}. It is deleted. Try again. {ELSEWHERE}",
            *CURES,
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _not_downloaded(weight_file: WeightFile, partial: Path, error: Exception) -> StyleError:
    kept = "What has arrived is kept, the next try goes on from there. " if _size(partial) else ""
    return StyleError(
        f"Cannot download {weight_file.url} to {partial.parent}: "
        f"{reason(error)}. {kept}{ELSEWHERE}",
        *CURES,
    )

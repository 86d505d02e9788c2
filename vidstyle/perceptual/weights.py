"""Weight download: published weight files of feature networks, cached and checked by SHA-256."""

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

Report = Callable[[int, int | None], None]  # bytes so far, bytes in total if known

TIMEOUT_S = 30  # for the connection, and for each block
LOCK_TIMEOUT_S = 1800  # while another process downloads the same file
BLOCK = 1 << 20  # bytes per read
ADVICE = "Give a local file, or use the slim features, which need none."
CURES: tuple[Cure, ...] = ({"feature_weights": ...}, {"features": "slim"})


@dataclass(frozen=True, slots=True)
class WeightFile:
    """Published weight file: URL and SHA-256 prefix.

    `sha256_prefix` is the first 8 hex digits, as in torch.hub's hash prefix: torchvision publishes
    only these, in the file's name. They detect damage; authenticity relies on HTTPS.
    """

    name: str
    url: str
    sha256_prefix: str

    @property
    def file_name(self) -> str:
        """File name in the cache: the last part of the URL."""
        return self.url.rpartition("/")[2]


HOST = "https://download.pytorch.org/models"
VGG16 = WeightFile("vgg16", f"{HOST}/vgg16-397923af.pth", "397923af")
VGG19 = WeightFile("vgg19", f"{HOST}/vgg19-dcbb9e9d.pth", "dcbb9e9d")
SQUEEZENET = WeightFile("squeezenet", f"{HOST}/squeezenet1_0-b66bff10.pth", "b66bff10")
MOBILENET = WeightFile("mobilenet_v3_large", f"{HOST}/mobilenet_v3_large-8738ca79.pth", "8738ca79")
RESNET50 = WeightFile("resnet50", f"{HOST}/resnet50-0676ba61.pth", "0676ba61")


def fetch(
    weight_file: WeightFile, cache_folder: Path | None = None, report: Report | None = None
) -> Path:
    """Return the path of a cached weight file, downloading it if it is missing or damaged.

    An interrupted download is kept as a `.partial` file and resumed by the next call. Processes
    take turns by a lock file. Proxies are taken from the environment.

    Args:
        weight_file: the file to fetch.
        cache_folder: folder of the cache; None for the user's cache folder.
        report: called after each block of a download, in the calling thread.

    Raises:
        StyleError: the file cannot be downloaded or stored, or its SHA-256 differs.
        ValueError: the URL is neither http nor https.
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
                if not _is_intact(target, weight_file):  # not fetched by another process meanwhile
                    _download(weight_file, partial, report)
                    _check(weight_file, partial)
                    partial.replace(target)
    except (OSError, HTTPException) as error:
        raise _download_error(weight_file, partial, error) from error
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
        if not _is_intact(partial, weight_file):  # 416: no bytes after those in the partial file
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
            f"{found[:8]}, not {weight_file.sha256_prefix}. It is deleted. Try again. {ADVICE}",
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


def _download_error(weight_file: WeightFile, partial: Path, error: Exception) -> StyleError:
    kept = "What has arrived is kept, the next try goes on from there. " if _size(partial) else ""
    return StyleError(
        f"Cannot download {weight_file.url} to {partial.parent}: {reason(error)}. {kept}{ADVICE}",
        *CURES,
    )

"""Options of the server: address, data folder, limits and access."""

import math
from dataclasses import dataclass

from vidstyle.options.setting import (
    AUTO,
    PROVIDER_HELP,
    PROVIDERS,
    check,
    check_choices,
    check_types,
    option,
)
from vidstyle.times import seconds_of

BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}  # by the unit of a size


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Options of the server: address, data folder, limits and access.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    host: str = option("127.0.0.1", "address to listen at; 0.0.0.0 for all networks", "ADDRESS")
    port: int = option(8765, "port to listen at; 0 for a free one", "N", most=65_535)
    open: bool = option(False, "open the page in the browser")
    data: str | None = option(
        None,
        "where uploads, the queue and results are kept",
        "FOLDER",
        unset="the user's data folder",
    )
    site: str | None = option(
        None, "folder of the page without a server, to give out at /device/", "FOLDER"
    )
    workers: int = option(1, "videos to convert at the same time", "N", most=64)
    provider: str = option(AUTO, PROVIDER_HELP, choices=PROVIDERS)
    max_upload: str = option("2GB", "size of an upload at most", "SIZE")
    keep: str = option("30d", "how long uploads and results are kept", "TIME")
    token: str | None = option(None, "word that clients have to give", "TOKEN")
    allow_host: str | None = option(
        None, "another name that the server is reached by, as behind a proxy", "NAME"
    )

    def __post_init__(self) -> None:
        check_types(self)
        check_choices(self)
        check(self, "port", self.port >= 0, "between 0 and 65535")
        check(self, "workers", self.workers >= 1, "at least 1")
        check(self, "max_upload", self.max_upload_bytes > 0, "a size over 0, as 500MB or 2GB")
        check(self, "keep", self.keep_s > 0, "a time over 0, as 12h or 30d")
        plain = self.token is None or (self.token.isascii() and self.token.isprintable())
        check(self, "token", plain and " " not in (self.token or ""), "ASCII without spaces")

    @property
    def max_upload_bytes(self) -> int:
        """Limit of an upload in bytes; 0 if `max_upload` is no size."""
        try:
            return bytes_of(self.max_upload)
        except ValueError:
            return 0

    @property
    def keep_s(self) -> float:
        """Time that uploads and results are kept, in seconds; 0 if `keep` is no duration."""
        try:
            return seconds_of(self.keep)
        except ValueError:
            return 0.0


def bytes_of(text: str) -> int:
    """Bytes in a size: "500MB", "1.5GB" or "1000".

    Raises:
        ValueError: the text is not a size.
    """
    text = text.strip().upper()
    number = float(text.removesuffix(text[-2:])) if text[-2:] in BYTES else float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no size.")
    return round(number * BYTES.get(text[-2:], 1))

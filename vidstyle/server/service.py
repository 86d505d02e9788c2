"""Service: the parts of a running server, opened and closed together."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import platformdirs
from starlette.requests import HTTPConnection

from vidstyle.errors import OptionError, SinkError, reason
from vidstyle.media.atomic import output_lock
from vidstyle.options import ServeOptions
from vidstyle.server.metrics import Metrics
from vidstyle.server.pictures import PicturePainter
from vidstyle.server.safety import Access
from vidstyle.server.shelf import StyleShelf


class Service:
    """Parts of one server on one data folder; no second server opens the same folder meanwhile."""

    def __init__(self, options: ServeOptions) -> None:
        """Open the data folder.

        Args:
            options: settings of the server.

        Raises:
            OptionError: the folder cannot be used, or another server uses it.
        """
        self.options = options
        self.folder = data_folder(options.data)
        self._opened = ExitStack()
        try:
            self._opened.enter_context(output_lock(self.folder / "server"))
        except SinkError as error:
            raise OptionError(
                f"Another server uses the folder {self.folder}. End it, or choose another data.",
                "data",
            ) from error
        self.metrics = Metrics()
        names = {options.host, *([options.allow_host] if options.allow_host else [])}
        self.access = Access(names, options.token)
        self.shelf = StyleShelf(self.folder / "styles")
        self.painter = PicturePainter(self.shelf)
        self._opened.callback(self.painter.close)

    def close(self) -> None:
        """End all threads and processes; jobs go on at the next start."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def service_of(connection: HTTPConnection) -> Service:
    """Service of the application that a request or WebSocket belongs to."""
    service: Service = connection.app.state.service
    return service


def data_folder(data: str | None) -> Path:
    """Folder of uploads, queue and results, as an absolute path; made if it is missing.

    Raises:
        OptionError: it cannot be made, or its path cannot be part of a mix of styles.
    """
    default = Path(platformdirs.user_data_dir("vidstyle", appauthor=False)) / "server"
    folder = (default if data is None else Path(data)).absolute()
    if "," in str(folder):
        raise OptionError(
            f"data must be a folder without commas in its path, not {folder}.", "data"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"data: cannot make {folder}: {reason(error)}.", "data") from error
    return folder

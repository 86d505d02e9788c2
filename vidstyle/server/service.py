"""Service: the parts of a running server, opened and closed together."""

import asyncio
import logging
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import platformdirs
from starlette.requests import HTTPConnection

from vidstyle.closable import Closable
from vidstyle.errors import LockedError, OptionError, SinkError, reason
from vidstyle.media.output_lock import output_lock
from vidstyle.options import ServeOptions
from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.events import EventFeed
from vidstyle.server.inspector import Inspector
from vidstyle.server.job import FILMS, QUICK, Job
from vidstyle.server.jobs import JobStore
from vidstyle.server.metrics import Metrics
from vidstyle.server.pictures import PicturePainter
from vidstyle.server.problems import Problem
from vidstyle.server.safety import Access
from vidstyle.server.shelf import StyleShelf
from vidstyle.server.submission import Submission
from vidstyle.server.uploads import Upload, UploadStore
from vidstyle.server.worker import Worker

log = logging.getLogger(__name__)

HOUSEKEEPING_S = 60.0
DEVICE_PAGE = "/device/"  # address of the page without a server
SITE_FILES = ("index.html", "files.js", "styles.json")  # of its folder, among others


class Service(Closable):
    """Parts of one server on one data folder; no second server opens the same folder meanwhile."""

    def __init__(self, options: ServeOptions) -> None:
        """Open the data folder.

        Args:
            options: settings of the server.

        Raises:
            OptionError: the folder cannot be used, or another server uses it; or the site is none.
        """
        self.options = options
        self.site = site_folder(options.site)
        self.folder = data_folder(options.data)
        with ExitStack() as opened:
            self._open(opened)
            self._opened = opened.pop_all()

    def _open(self, opened: ExitStack) -> None:
        """Lock the folder and open the parts, which are closed with the stack."""
        try:
            opened.enter_context(output_lock(self.folder / "server"))
        except LockedError as error:
            raise OptionError(
                f"Another server uses the folder {self.folder}. End it, or choose another data.",
                "data",
            ) from error
        except SinkError as error:
            raise OptionError(f"data: {error.message} Choose another folder.", "data") from error
        options = self.options
        self.metrics = Metrics()
        names = {options.host, *([options.allow_host] if options.allow_host else [])}
        self.access = Access(names, options.token)
        self.shelf = StyleShelf(self.folder / "styles")
        self.painter = PicturePainter(self.shelf, provider=options.provider)
        opened.callback(self.painter.close)
        self._open_queue(opened)

    def _open_queue(self, opened: ExitStack) -> None:
        """Open database, uploads and jobs, and start the workers."""
        options = self.options
        database = Database(self.folder / "server.sqlite")
        opened.callback(database.close)
        self.changes = Changes()
        self.uploads = UploadStore(self.folder / "uploads", database, options.max_upload_bytes)
        self.jobs = JobStore(self.folder / "jobs", database, self.changes)
        self.events = EventFeed(self.jobs, self.changes)
        self.submission = Submission(self.shelf, self.uploads, self.jobs, options.provider)
        self.inspector = Inspector()
        opened.callback(self.inspector.close)
        self.workers = list[Worker]()
        for lane in [FILMS] * options.workers + [QUICK]:
            worker = Worker(lane, self.jobs, self.changes, self.submission.request)
            self.workers.append(worker)
            opened.callback(worker.close)
        self._ending = threading.Event()
        keeper = threading.Thread(target=self._keep_house, name="housekeeper")
        keeper.start()
        opened.callback(keeper.join)
        opened.callback(self._ending.set)

    def submit(self, order: dict[str, Any], client: str) -> tuple[Job, bool]:
        """Put a job into the queue; see `Submission.new_job` and `JobStore.submit`."""
        return self.jobs.submit(self.submission.new_job(order, client))

    def cancel(self, id: str) -> Job:
        """Cancel a job, and end its process; raises as `JobStore.cancel`."""
        job = self.jobs.cancel(id)
        self._interrupt(job)
        return job

    def remove_job(self, id: str) -> None:
        """Delete a job, and end its process; raises as `JobStore.remove`."""
        self._interrupt(self.jobs.remove(id))

    def remove_style(self, id: str) -> None:
        """Delete a style of the user's own.

        Raises:
            Problem: as `StyleShelf.remove`, or a job that is not over needs it (409).
        """
        if self.jobs.uses_style(self.shelf.style(id).id):
            raise Problem(409, "A job needs the style. Cancel it first.")
        self.shelf.remove(id)
        self.painter.forget()

    async def take_in(self, id: str) -> Upload:
        """Look at an upload of which all bytes are there, and mark it as complete.

        Raises:
            Problem: it is neither photo nor video (415), or over a limit (413): it is deleted.
        """
        try:
            upload = await asyncio.to_thread(self.uploads.upload, id)
            media = await self.inspector.probe(upload)
        except Problem as problem:
            if problem.status in (413, 415):
                await asyncio.to_thread(self.uploads.remove, id)
            raise
        return await asyncio.to_thread(self.uploads.complete, id, media)

    def _interrupt(self, job: Job) -> None:
        for worker in self.workers:
            worker.interrupt(job)

    def _keep_house(self) -> None:
        """Delete what is old, and take back jobs of workers that died, from time to time."""
        while True:
            try:
                self._tidy()
            except Exception as error:
                log.error(
                    "Old uploads and results cannot be deleted (%s); it is tried again.",
                    reason(error),
                    exc_info=not isinstance(error, OSError),
                )
            if self._ending.wait(HOUSEKEEPING_S):
                return

    def _tidy(self) -> None:
        self.jobs.leases.take_back()
        self.jobs.expire(self.options.keep_s, limits.RESULT_BYTES)
        self.uploads.expire(self.options.keep_s)
        self.inspector.rest()

    def close(self) -> None:
        """End all threads and processes; jobs go on at the next start."""
        self._opened.close()


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


def site_folder(site: str | None) -> Path | None:
    """Folder of the page without a server, as an absolute path.

    Raises:
        OptionError: the page was not built there, so that no other folder is given out.
    """
    if site is None:
        return None
    folder = Path(site).absolute()
    if not all((folder / name).is_file() for name in SITE_FILES):
        raise OptionError(
            f"site: {folder} is not the page without a server. "
            "Build it in a checkout: python -m tools.web_page FOLDER.",
            "site",
        )
    return folder

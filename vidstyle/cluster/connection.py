"""Dask cluster: connection to its scheduler, or processes of this machine; and its workers.

Nothing listens beyond this machine without TLS, and no dashboard is opened.
"""

import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from vidstyle.cluster import preload
from vidstyle.cluster.dispatch import RefusedWorkerError
from vidstyle.cluster.keys import cluster_extra, keys_folder, security_of
from vidstyle.cluster.shared_files import (
    SharedFile,
    SharedFiles,
    add_block,
    blocks_of,
    complete_copy,
    found,
    new_copy,
)
from vidstyle.errors import ClusterError, reason
from vidstyle.hardware import usable_cores

log = logging.getLogger(__name__)

CORES_VARIABLE = "VIDSTYLE_WORKER_CORES"  # of a worker process
CONNECT_S = 15.0
ANSWER_S = 120.0  # of a new worker, which imports its libraries first
FETCH_S = 300.0  # for a result
LOCAL = "local:"


@dataclass(frozen=True, slots=True)
class Question:
    """What a worker must match, asked before it gets tasks."""

    ask: Callable[..., str | None]  # called there; returns why it is refused, or None
    given: tuple[Any, ...]  # arguments


def worker_cores() -> int:
    """Cores for the tasks of this worker process."""
    with suppress(KeyError, ValueError):
        return max(1, int(os.environ[CORES_VARIABLE]))
    return usable_cores()


@contextmanager
def connected(where: str) -> Iterator[Any]:
    """Client of Dask for the block.

    Args:
        where: "local:N" for N processes of this machine, the address of a scheduler, HOST:PORT, or
            the path of the .json file that `dask scheduler --scheduler-file` writes.

    Raises:
        MissingExtraError: Dask is not installed.
        ClusterError: the scheduler cannot be reached, or there are no keys for TLS.
    """
    with cluster_extra():
        import distributed
    for name in ("distributed", "bokeh"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if where.startswith(LOCAL):
        count = int(where.removeprefix(LOCAL))
        with (
            _local_cluster(count) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    with _reached(where) as client:
        yield client


@contextmanager
def _local_cluster(count: int) -> Iterator[Any]:
    import distributed

    cores = {CORES_VARIABLE: str(max(1, usable_cores() // count))}
    with distributed.LocalCluster(
        n_workers=count,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
        security=True,
        memory_limit=None,
        silence_logs=logging.CRITICAL,
        env=cores,
        preload=preload.MODULE,
    ) as cluster:
        yield cluster


@contextmanager
def _reached(where: str) -> Iterator[Any]:
    import distributed

    address, security = endpoint(where)
    try:
        client = distributed.Client(
            address, security=security, timeout=CONNECT_S, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        message = f"No scheduler answers at {address} with the keys of this machine"
        raise ClusterError(f"{message}: {reason(error)}") from error
    with client:
        yield client


def endpoint(where: str) -> tuple[str, Any]:
    """Address of a scheduler with its protocol, and security settings, as `secured`.

    Args:
        where: HOST:PORT, or the path of a scheduler's .json file.

    Raises:
        ClusterError: the file is missing or none of a scheduler; or as `secured`.
    """
    if not where.endswith(".json"):
        return secured(where)
    try:
        address = str(json.loads(Path(where).read_text(encoding="utf-8"))["address"])
    except OSError as error:
        message = f"There is no scheduler file {where}. Start dask scheduler first."
        raise ClusterError(message) from error
    except (ValueError, LookupError, TypeError) as error:
        message = f"{where} is no scheduler file. Name that of dask scheduler --scheduler-file."
        raise ClusterError(message) from error
    return secured(address)


def secured(where: str) -> tuple[str, Any]:
    """Address of a scheduler with its protocol, and security settings; TLS where there are keys.

    Raises:
        ClusterError: without keys, the address is of another machine.
    """
    protocol, _, place = where.rpartition("://")
    is_plain = protocol == "tcp" or (not protocol and not any(keys_folder().glob("*.key")))
    if not is_plain:
        return f"tls://{place}", security_of(keys_folder())
    if not _is_loopback(place.rpartition(":")[0]):
        security_of(keys_folder())  # raises, if there are none
        raise ClusterError(f"{where} would send everything unencrypted. Leave out tcp://.")
    return f"tcp://{place}", None


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


class DaskWorkers:
    """`Workers` of a Dask cluster; use it in a `with` block."""

    def __init__(self, client: Any, versions: Question, fit: Question, shared: SharedFiles) -> None:
        """Make them.

        Args:
            client: of Dask.
            versions: asked of each worker first.
            fit: asked of each worker once it has the files, with them as the last argument.
            shared: files that workers need.
        """
        self._client, self._versions, self._fit, self._shared = client, versions, fit, shared
        self._admissions = ThreadPoolExecutor(8, thread_name_prefix="admission")
        self._fetches = ThreadPoolExecutor(4, thread_name_prefix="fetch")
        self._called = dict[str, str]()  # names for people, by address
        self._ending = threading.Event()

    def __enter__(self) -> "DaskWorkers":
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        for pool in (self._admissions, self._fetches):
            pool.shutdown(wait=False, cancel_futures=True)

    def names(self) -> Collection[str]:
        with suppress(OSError, TimeoutError):
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
            self._called = {address: str(each["name"]) for address, each in workers.items()}
        return self._called

    def admit(self, worker: str, answer: Callable[[BaseException | None], None]) -> None:
        def examine() -> None:
            try:
                self._ask(worker, self._versions)
                self._send_files(worker)
                self._ask(worker, self._fit, self._shared.files)
            except BaseException as error:
                answer(error)
            else:
                answer(None)

        self._admissions.submit(examine)

    def submit(
        self,
        worker: str,
        task: Any,
        computed: Callable[[], None],
        received: Callable[[Any], None],
    ) -> Callable[[], None]:
        function, *arguments = task
        future = self._started(worker, function, *arguments, self._shared.files)

        def fetch() -> None:
            try:
                received(future.result(timeout=FETCH_S))
            except Exception as error:
                received(error)
            except BaseException as error:  # asyncio's, of a connection that is lost
                received(ConnectionError(reason(error)))
            finally:
                future.release()

        def done(_: Any) -> None:
            computed()
            with suppress(RuntimeError):  # the run has ended
                self._fetches.submit(fetch)

        future.add_done_callback(done)

        def abandon() -> None:
            with suppress(Exception):
                future.cancel(force=True)

        return abandon

    def _ask(self, worker: str, question: Question, *more: Any) -> None:
        try:
            refusal = self._result(worker, question.ask, *question.given, *more)
        except (ImportError, AttributeError) as error:
            refusal = f"its vidstyle is another one ({reason(error)})"
        if refusal is not None:
            message = f"Worker {self._called.get(worker, worker)} is refused: {refusal}"
            log.warning("%s", message)
            raise RefusedWorkerError(message)

    def _send_files(self, worker: str) -> None:
        for name, file in self._shared.files.items():
            if self._result(worker, _is_found, file):
                continue
            file = self._shared.with_content(name)
            if not self._result(worker, _is_found, file):
                self._send(worker, file)

    def _send(self, worker: str, file: SharedFile) -> None:
        """Send the content of a file to a worker, block by block."""
        token = self._result(worker, new_copy, file)
        for block in blocks_of(file):
            (sent,) = self._client.scatter([block], workers=[worker], hash=False)
            self._result(worker, add_block, token, sent)
            sent.release()
        self._result(worker, complete_copy, token, file)

    def _result(self, worker: str, function: Any, *arguments: Any) -> Any:
        """Result of a function that is called on a worker."""
        future = self._started(worker, function, *arguments)
        ends_s = time.monotonic() + ANSWER_S
        try:
            while not self._ending.is_set():
                with suppress(TimeoutError):
                    return future.result(timeout=min(1.0, max(0.0, ends_s - time.monotonic())))
                if time.monotonic() >= ends_s:
                    raise TimeoutError(f"{worker} does not answer")
            raise TimeoutError("the run has ended")
        finally:
            future.release()

    def _started(self, worker: str, function: Any, *arguments: Any) -> Any:
        return self._client.submit(
            function,
            *arguments,
            workers=[worker],
            allow_other_workers=False,
            pure=False,
            key=f"vidstyle-{secrets.token_hex(8)}",
            retries=0,
        )


def _is_found(file: SharedFile) -> bool:
    return found(file) is not None

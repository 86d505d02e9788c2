"""Worker processes of this machine for a cluster, each with a guard that starts it again."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from vidstyle import __version__
from vidstyle.cluster import preload
from vidstyle.cluster.connection import CONNECT_S, CORES_VARIABLE, endpoint
from vidstyle.cluster.keys import cluster_extra
from vidstyle.errors import ClusterError, reason
from vidstyle.hardware import usable_cores

CORES_EACH = 2  # of a process; more gain little


def run_worker(where: str, processes: int | None, announce: Callable[[str], None]) -> None:
    """Run worker processes until the scheduler ends them, or an interruption.

    Args:
        where: address of the scheduler, HOST:PORT, or its .json file.
        processes: number of them; None for one for each `CORES_EACH` cores.
        announce: called with a line when they are connected.

    Raises:
        ClusterError: the scheduler cannot be reached, or there are no keys for TLS.
        MissingExtraError: Dask is not installed.
    """
    with cluster_extra():
        import distributed
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    address, security = endpoint(where)
    count = processes or max(1, usable_cores() // CORES_EACH)
    cores = {CORES_VARIABLE: str(max(1, usable_cores() // count))}

    def nanny(number: int) -> Any:
        return distributed.Nanny(
            address,
            host=own_address(address),
            dashboard_address="127.0.0.1:0",
            nthreads=1,
            name=f"{socket.gethostname()}-{os.getpid()}-{number}",
            security=security,
            memory_limit=None,
            death_timeout=CONNECT_S,
            silence_logs=logging.CRITICAL,
            env=cores,
            preload=preload.MODULE,
        )

    async def run() -> None:
        nannies = [nanny(number) for number in range(count)]
        try:
            await asyncio.gather(*nannies)
            announce(f"vidstyle {__version__}: {count} at work for {where}. Ctrl-C stops.")
            await asyncio.gather(*(each.finished() for each in nannies))
        finally:
            await asyncio.gather(*(each.close() for each in nannies), return_exceptions=True)

    try:
        asyncio.run(run())
    except (OSError, TimeoutError, RuntimeError) as error:
        raise ClusterError(f"No scheduler answers at {where}: {reason(error)}") from error


def own_address(scheduler: str) -> str:
    """Address of this machine in the network of a scheduler; workers listen there alone.

    Args:
        scheduler: its address with protocol and port.

    Raises:
        OSError: the scheduler's name is not known, or there is no way to it.
    """
    host, _, port = scheduler.rpartition("://")[2].rpartition(":")
    family, kind, _, _, place = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_DGRAM)[
        0
    ]
    with socket.socket(family, kind) as probe:  # sends nothing
        probe.connect(place)
        return str(probe.getsockname()[0])

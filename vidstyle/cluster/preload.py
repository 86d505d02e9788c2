"""Set-up of worker processes, loaded by Dask: Ctrl-C in their terminal is their parent's alone."""

import signal

MODULE = __name__


def dask_setup(worker: object) -> None:
    """Ignore interrupts; Dask calls it on the main thread. Else tracebacks would be printed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

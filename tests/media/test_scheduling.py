"""Threads keep their scheduling policy while an encoder opens."""

import os
import sys
import threading
from fractions import Fraction
from typing import Any

import av
import pytest

from vidstyle.media.scheduling import THREADS, unchanged_scheduling

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root on Linux gets real time"
)


def policies() -> set[int]:
    """Scheduling policies of all threads of this process."""
    return {os.sched_getscheduler(int(entry.name)) for entry in THREADS.iterdir()}


def test_threads_that_begin_in_the_block_get_the_policy_of_before_too() -> None:
    before, end = policies(), threading.Event()
    thread = threading.Thread(target=end.wait, args=(60,))
    with unchanged_scheduling():
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        thread.start()
        assert os.SCHED_FIFO in policies()
    after = policies()
    end.set()
    thread.join(60)
    assert after == before == {os.SCHED_OTHER}


def test_an_av1_encoder_does_not_run_in_real_time() -> None:
    context: Any = av.CodecContext.create("libsvtav1", "w")
    context.width, context.height, context.pix_fmt = 64, 64, "yuv420p"
    context.time_base = Fraction(1, 25)
    with unchanged_scheduling():
        context.open()
        assert os.SCHED_FIFO in policies()  # else this version needs no care
    assert policies() == {os.SCHED_OTHER}
    context.encode(None)

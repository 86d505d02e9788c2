"""Ctrl-C during a block comes when the block is done."""

import signal
import threading

import pytest

from vidstyle.training.interrupt import deferred_interrupt


def test_the_block_is_completed_first() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupt():
        signal.raise_signal(signal.SIGINT)
        done.append("block")
    assert done == ["block"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_error_in_the_block_comes_first_and_ctrl_c_works_again() -> None:
    with pytest.raises(ZeroDivisionError), deferred_interrupt():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_handler_of_the_caller_stays() -> None:
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("caller"))
    try:
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            assert seen == ["caller"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_run_the_block_only() -> None:
    done = []

    def block() -> None:
        with deferred_interrupt():
            done.append("block")

    thread = threading.Thread(target=block)
    thread.start()
    thread.join(60)
    assert done == ["block"]

"""Bounded queues between threads."""

import threading
from collections.abc import Callable

import pytest

from vidstyle.pipeline.channel import Channel, ChannelAbandoned

HANG_LIMIT_S = 60


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_items_arrive_in_order() -> None:
    channel: Channel[int] = Channel(2)

    def write() -> None:
        for number in range(20):
            channel.put(number)
        channel.close()

    writer = in_thread(write)
    assert list(channel) == list(range(20))
    writer.join(HANG_LIMIT_S)


def test_a_full_channel_makes_the_writer_wait() -> None:
    channel: Channel[int] = Channel(2)
    channel.put(1)
    channel.put(2)
    written = threading.Event()

    def write() -> None:
        channel.put(3)
        written.set()

    writer = in_thread(write)
    assert not written.wait(0.1)
    assert next(iter(channel)) == 1
    assert written.wait(HANG_LIMIT_S)
    writer.join(HANG_LIMIT_S)


def test_heavy_items_fill_a_channel_sooner() -> None:
    channel: Channel[int] = Channel(5, weight=lambda item: item)
    channel.put(9)  # heavier than all, but alone
    items = iter(channel)
    assert next(items) == 9
    channel.put(2)
    channel.put(3)
    written = threading.Event()

    def write() -> None:
        channel.put(4)
        written.set()

    writer = in_thread(write)
    assert not written.wait(0.1)
    assert next(items) == 2
    assert not written.wait(0.1)
    assert next(items) == 3
    assert written.wait(HANG_LIMIT_S)
    writer.join(HANG_LIMIT_S)


def test_a_writer_waits_for_room_before_it_makes_an_item() -> None:
    channel: Channel[int] = Channel(1)
    channel.wait_for_room()
    channel.put(1)
    ready = threading.Event()

    def make() -> None:
        channel.wait_for_room()
        ready.set()

    writer = in_thread(make)
    assert not ready.wait(0.1)
    assert next(iter(channel)) == 1
    assert ready.wait(HANG_LIMIT_S)
    writer.join(HANG_LIMIT_S)


def test_a_closed_channel_is_read_to_its_end() -> None:
    channel: Channel[str] = Channel(3)
    channel.put("last")
    channel.close()
    assert list(channel) == ["last"]


@pytest.mark.parametrize("wait", [lambda channel: channel.put(2), Channel.wait_for_room])
def test_abandoning_wakes_a_waiting_writer(wait: Callable[[Channel[int]], None]) -> None:
    channel: Channel[int] = Channel(1)
    channel.put(1)
    ended: list[str] = []

    def write() -> None:
        try:
            wait(channel)
        except ChannelAbandoned:
            ended.append("writer")

    writer = in_thread(write)
    channel.abandon()
    writer.join(HANG_LIMIT_S)
    assert ended == ["writer"]


def test_abandoning_wakes_a_waiting_reader() -> None:
    channel: Channel[int] = Channel(1)
    ended: list[str] = []

    def read() -> None:
        try:
            list(channel)
        except ChannelAbandoned:
            ended.append("reader")

    reader = in_thread(read)
    channel.abandon()
    reader.join(HANG_LIMIT_S)
    assert ended == ["reader"]


def test_an_abandoned_channel_drops_what_it_holds() -> None:
    channel: Channel[int] = Channel(2)
    channel.put(1)
    channel.abandon()
    with pytest.raises(ChannelAbandoned):
        next(iter(channel))

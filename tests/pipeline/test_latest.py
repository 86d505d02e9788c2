import math
import threading

from vidstyle.pipeline.latest import DropOldestChannel

HANG_LIMIT_S = 60


def test_the_reader_gets_the_newest_and_the_rest_is_counted() -> None:
    channel = DropOldestChannel[int]()
    for number in range(5):
        channel.put(number)
    assert channel.get(0) == 4
    assert channel.dropped == 4
    assert channel.get(0) is None


def test_a_larger_channel_keeps_the_order_and_drops_the_oldest() -> None:
    channel = DropOldestChannel[int](capacity=3)
    for number in range(5):
        channel.put(number)
    assert [channel.get(0) for _ in range(3)] == [2, 3, 4]
    assert channel.dropped == 2


def test_what_is_inside_at_closing_is_still_read_and_nothing_after() -> None:
    channel = DropOldestChannel[int]()
    channel.put(1)
    channel.close()
    channel.put(2)
    assert not channel.exhausted
    assert channel.get(HANG_LIMIT_S) == 1
    assert channel.exhausted
    assert channel.get(math.inf) is None  # at once, or never


def test_a_waiting_reader_is_woken() -> None:
    channel = DropOldestChannel[str]()
    got = list[str | None]()
    reader = threading.Thread(target=lambda: got.append(channel.get(HANG_LIMIT_S)))
    reader.start()
    channel.put("frame")
    reader.join(HANG_LIMIT_S)
    assert got == ["frame"]

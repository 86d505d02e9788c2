import threading

import pytest

from tests.live.scene import WAIT_S
from vidstyle.live.crew import Crew


def wait(stop: threading.Event) -> None:
    assert stop.wait(WAIT_S)


def test_everybody_stops_when_told() -> None:
    crew, before = Crew(), set(threading.enumerate())
    for number in range(3):
        crew.start(str(number), wait)
    assert crew.busy
    crew.join()
    assert not crew.busy
    assert set(threading.enumerate()) == before


def test_the_first_failure_stops_all_and_is_raised_with_its_own_traceback() -> None:
    def fail(stop: threading.Event) -> None:
        raise ValueError("broken")

    crew = Crew()
    crew.start("waiting", wait)
    crew.start("failing", fail)
    with pytest.raises(ValueError, match="broken") as raised:
        crew.stop.wait(WAIT_S)
        crew.join()
    assert raised.traceback[-1].name == "fail"


def test_nobody_waits_for_helpers() -> None:
    crew, done = Crew(), threading.Event()
    crew.start("helper", wait, helper=True)
    crew.start("worker", lambda stop: done.set())
    assert done.wait(WAIT_S)
    while crew.busy:
        crew.stop.wait(0.01)
    crew.join()

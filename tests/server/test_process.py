"""A conversion process may die at any time; its server does not."""

import errno
import threading
from collections.abc import Iterator

import pytest

from vidstyle.server.problems import Problem
from vidstyle.server.process import ConversionProcess, ProcessDied

TOY = """
import json, os, sys
for line in sys.stdin:
    request = json.loads(line)
    for message in request["messages"]:
        print(json.dumps(message), flush=True)
    if request.get("die"):
        os._exit(9)
"""


@pytest.fixture
def process() -> Iterator[ConversionProcess]:
    process = ConversionProcess(program=("-c", TOY))
    yield process
    process.kill()
    process.close()


def test_progress_comes_before_the_answer(process: ConversionProcess) -> None:
    seen = list[object]()
    messages = [{"progress": {"frames": 1}}, {"progress": {"frames": 2}}, {"answer": {"a": 1}}]
    assert process.ask({"messages": messages}, 60, seen.append) == {"a": 1}
    assert seen == [{"frames": 1}, {"frames": 2}]


def test_a_problem_is_raised_and_the_process_goes_on(process: ConversionProcess) -> None:
    document = Problem(415, "It is no video.").document()
    with pytest.raises(Problem, match="no video"):
        process.ask({"messages": [{"problem": document}]}, 60)
    assert process.ask({"messages": [{"answer": {}}]}, 60) == {}


def failing(*arguments: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("callback", ["on_progress", "on_tick"])
def test_after_an_error_of_a_callback_the_next_request_gets_its_own_answer(
    process: ConversionProcess, callback: str
) -> None:
    old = {"messages": [{"progress": {"frames": 1}}, {"answer": {"of": "old"}}]}
    with pytest.raises(OSError, match="No space left"):
        process.ask(old, 60, **{callback: failing})
    seen = list[object]()
    new = {"messages": [{"progress": {"frames": 2}}, {"answer": {"of": "new"}}]}
    assert process.ask(new, 60, seen.append) == {"of": "new"}
    assert seen == [{"frames": 2}]


def test_after_a_death_another_process_answers(process: ConversionProcess) -> None:
    with pytest.raises(ProcessDied, match="9"):
        process.ask({"messages": [], "die": True}, 60)
    assert process.ask({"messages": [{"answer": {}}]}, 60) == {}
    process.close()
    assert process.ask({"messages": [{"answer": {}}]}, 60) == {}


def test_a_killed_request_ends_at_once(process: ConversionProcess) -> None:
    begun = threading.Event()

    def kill() -> None:
        begun.wait(60)
        process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ProcessDied, match=r"-9|1"):
        process.ask({"messages": [{"progress": {}}]}, 60, lambda state: begun.set())
    killer.join(60)


def test_a_process_killed_between_two_requests_costs_neither(process: ConversionProcess) -> None:
    assert process.ask({"messages": [{"answer": {}}]}, 60) == {}
    process.kill()
    assert process.ask({"messages": [{"answer": {"a": 1}}]}, 60) == {"a": 1}


def test_a_stopped_process_starts_no_more(process: ConversionProcess) -> None:
    process.stop()
    with pytest.raises(ProcessDied, match="stopped"):
        process.ask({"messages": [{"answer": {}}]}, 60)


def test_a_request_without_an_end_is_given_up(process: ConversionProcess) -> None:
    with pytest.raises(Problem, match="gave up"):
        process.ask({"messages": [{"progress": {}}]}, 0)

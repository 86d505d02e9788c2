"""The simulation of a cluster keeps simple laws."""

from dataclasses import replace

import pytest

from tools.cluster_simulation import FAST, FILM_S, FULL, MACHINES, RATE, Network, scaling, simulate


def test_one_even_machine_takes_the_time_of_all_work() -> None:
    outcome = simulate(FAST, Network(spread=0.0), 1)
    tasks_s = FILM_S * RATE * FAST.frame_s + FILM_S / FAST.part_s * FAST.task_s
    assert outcome.tasks_s == pytest.approx(tasks_s, rel=0.001)
    assert outcome.busy == pytest.approx(1.0, rel=0.001)


@pytest.mark.parametrize("film", [FAST, FULL])
def test_more_machines_are_never_slower_where_the_input_is_shared(film: object) -> None:
    seconds = [outcome.seconds for outcome in scaling(FAST if film is FAST else FULL, Network())]
    assert seconds == sorted(seconds, reverse=True)
    assert len(seconds) == len(MACHINES)


def test_sending_the_input_to_each_machine_costs_its_time_on_the_link() -> None:
    network = Network(is_shared=False)
    shared, sent = (simulate(FAST, each, 100) for each in (Network(), network))
    assert sent.tasks_s > shared.tasks_s
    assert sent.tasks_s >= network.input_bytes / network.bytes_per_s


def test_the_work_of_the_coordinator_is_the_least_time() -> None:
    fast = replace(FAST, after_s=1e6)
    assert simulate(fast, Network(), 1000).seconds > 1e6

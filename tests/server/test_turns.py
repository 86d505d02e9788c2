"""Clients take turns, and nothing waits for ever."""

from vidstyle.server.turns import Waiting, in_turn


def test_clients_take_turns() -> None:
    jobs = [Waiting(f"a{n}", "a", n, 1) for n in range(3)] + [Waiting("b0", "b", 9, 1)]
    assert in_turn(jobs, {}) == ["a0", "b0", "a1", "a2"]


def test_the_client_that_was_served_last_comes_last() -> None:
    jobs = [Waiting("a", "a", 0, 1), Waiting("b", "b", 0, 1), Waiting("c", "c", 0, 1)]
    assert in_turn(jobs, {"a": 5.0, "b": 4.0}) == ["c", "b", "a"]


def test_a_short_job_passes_a_long_one_that_came_lately() -> None:
    film = Waiting("film", "a", 0, 3600)
    assert in_turn([film, Waiting("clip", "a", 3000, 60)], {}) == ["clip", "film"]
    assert in_turn([film, Waiting("clip", "a", 3600, 60)], {}) == ["film", "clip"]


def test_of_equal_jobs_the_first_comes_first() -> None:
    jobs = [Waiting("late", "a", 2, 5), Waiting("early", "a", 1, 5)]
    assert in_turn(jobs, {}) == ["early", "late"]

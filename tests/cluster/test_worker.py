"""Workers listen in the scheduler's network alone."""

from vidstyle.cluster.worker import own_address


def test_workers_of_a_scheduler_on_this_machine_listen_on_it_alone() -> None:
    assert own_address("tcp://127.0.0.1:8786") == "127.0.0.1"
    assert own_address("tls://localhost:8786") in ("127.0.0.1", "::1")

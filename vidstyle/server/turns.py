"""Order of the queue: clients take turns, and short jobs pass long ones that came lately."""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits."""

    id: str
    client: str
    queued_s: float  # since when, seconds since 1970
    cost_s: float  # estimated duration


def in_turn(jobs: Sequence[Waiting], last_start_s: Mapping[str, float]) -> list[str]:
    """Ids of waiting jobs in the order in which they will be started.

    The client whose last start is longest ago comes first, then the next one. Of a client's own
    jobs, one that takes a minute passes those that take an hour and came less than an hour before.

    Args:
        jobs: in any order.
        last_start_s: time of the last start of a client, seconds since 1970.
    """
    own: dict[str, deque[Waiting]] = defaultdict(deque)
    for job in sorted(jobs, key=lambda job: (job.queued_s + job.cost_s, job.queued_s, job.id)):
        own[job.client].append(job)
    clients = deque(sorted(own, key=lambda client: (last_start_s.get(client, 0.0), client)))
    order = list[str]()
    while clients:
        client = clients.popleft()
        order.append(own[client].popleft().id)
        if own[client]:
            clients.append(client)
    return order

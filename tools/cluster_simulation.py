"""Cluster simulation: hours of a film on many machines, from times of parts and sizes of files.

    python -m tools.cluster_simulation

One queue of tasks, one link of the coordinator that all files and results pass, machines whose
speed varies, and work of the coordinator before and after. Prints tables in Markdown.
"""

import heapq
import random
from dataclasses import dataclass, replace

FILM_S, RATE = 7200.0, 25.0
MACHINES = (1, 10, 100, 1000)
LENGTHS_S = (2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
HOUR_S = 3600.0


@dataclass(frozen=True)
class Film:
    """What a film of one quality costs, on machines of two cores."""

    frame_s: float  # of work for a frame
    task_s: float  # of work for each task: seeking, loading
    part_s: float  # of the film, in a task
    result_bytes: float  # for a second of the film
    before_s: float  # work of the coordinator before the tasks
    after_s: float  # after them: playing, joining, checking
    last_part: bool  # the coordinator makes the last part


@dataclass(frozen=True)
class Network:
    """Link of the coordinator, and how even the machines are."""

    bytes_per_s: float = 125e6
    input_bytes: float = 4e9
    is_shared: bool = True  # workers read the input at the same path
    spread: float = 0.2  # standard deviation of the logarithm of a task's time


# 1080p at 34 frames a second (docs/benchmarks.md); 5 Mbit/s; joining reads and writes 4.5 GB at
# 100 MB/s each.
FAST = Film(1 / 34, 1.5, 10.0, 625e3, 3.0, 120.0, last_part=True)
# 6 s a frame of 512x288; 0.4 MB a picture; a decoding pass for scenes and one for their starts,
# before; the coordinator plays 15 frames a second from the pictures, after.
FULL = Film(6.0, 8.0, 10.0, 10e6, 2 * 180e3 / 120, 180e3 / 15, last_part=False)


@dataclass(frozen=True)
class Outcome:
    """Hours of a run, and the share in which machines worked."""

    seconds: float
    tasks_s: float  # from the first task to the last result
    busy: float


def simulate(film: Film, network: Network, machines: int, seed: int = 1) -> Outcome:
    """Run a film once."""
    chance = random.Random(seed)
    sent_s = 0.0 if network.is_shared else network.input_bytes / network.bytes_per_s
    free = [(sent_s * (n + 1), n) for n in range(machines)]  # one after another over the link
    heapq.heapify(free)
    count = round(FILM_S / film.part_s)
    finished, worked_s = list[float](), 0.0
    for _ in range(count):
        begun_s, machine = heapq.heappop(free)
        task_s = film.task_s + film.part_s * RATE * film.frame_s
        task_s *= chance.lognormvariate(0.0, network.spread)
        worked_s += task_s
        finished.append(begun_s + task_s)
        heapq.heappush(free, (begun_s + task_s, machine))
    link_s = 0.0  # when the link is free
    for each in sorted(finished):
        link_s = max(link_s, each) + film.part_s * film.result_bytes / network.bytes_per_s
    last_s = film.task_s + film.part_s * RATE * film.frame_s if film.last_part else 0.0
    seconds = film.before_s + link_s + last_s + film.after_s
    return Outcome(seconds, link_s, worked_s / (machines * link_s))


def scaling(film: Film, network: Network) -> list[Outcome]:
    """Outcomes for all numbers of machines."""
    return [simulate(film, network, machines) for machines in MACHINES]


def best_length(film: Film, network: Network, machines: int) -> float:
    """Length of the parts with which a run ends first, in seconds of the film."""
    return min(
        LENGTHS_S, key=lambda s: simulate(replace(film, part_s=s), network, machines).seconds
    )


def table() -> str:
    """Tables in Markdown."""
    rows = [
        "| quality, input | "
        + " | ".join(f"{n:,} machine{'s' * (n > 1)}" for n in MACHINES)
        + " |",
        "| --- " * (len(MACHINES) + 1) + "|",
    ]
    for name, film in (("fast", FAST), ("full", FULL)):
        for place, shared in (("shared path", True), ("sent to each", False)):
            network = Network(is_shared=shared)
            cells = [
                f"{outcome.seconds / HOUR_S:.2f} h, {100 * outcome.busy:.0f} % busy"
                for outcome in scaling(film, network)
            ]
            rows.append(f"| {name}, {place} | " + " | ".join(cells) + " |")
        lengths = [f"{best_length(film, Network(), n):g} s" for n in MACHINES]
        rows.append(f"| {name}: best part | " + " | ".join(lengths) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(table())

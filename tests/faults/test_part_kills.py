"""Conversions in parts survive `kill -9` at any moment: nothing is lost, the result is the same.

Slow, seeded: `pytest -m slow tests/faults/test_part_kills.py -n 0 --fuzz-minutes 8`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.campaign import Plan, campaign
from tests.faults.part_kills import PartKills
from tests.faults.runs import ForkServer
from tests.faults.test_faults import in_order, plan

__all__ = ["plan"]  # the fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(0),
    pytest.mark.skipif(sys.platform != "linux", reason="forks"),
]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[ForkServer, ForkServer]]:
    with ForkServer(parts=True) as server, ForkServer(torch=True, parts=True) as torch_server:
        yield server, torch_server


@pytest.fixture(scope="module")
def kills(
    tmp_path_factory: pytest.TempPathFactory, servers: tuple[ForkServer, ForkServer]
) -> PartKills:
    return PartKills(tmp_path_factory.mktemp("seeds"), *servers)


@pytest.mark.parametrize("kind", ["fast", "damaged", "styles", "batch", "full"])
def test_a_killed_conversion_goes_on_to_the_same_result(
    kind: str,
    plan: Plan,
    kills: PartKills,
    servers: tuple[ForkServer, ForkServer],
    tmp_path: Path,
) -> None:
    totals = campaign(kind, getattr(kills, kind), plan, tmp_path, servers[kind == "full"])
    in_order(totals, plan)
    assert kills.kills > 0

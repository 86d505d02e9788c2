"""Fuzz and fault suite: damaged inputs and interruptions end in order, whatever they are.

Slow, seeded, in a time box for all kinds: `pytest -m slow tests/faults -n 0 --fuzz-minutes 10`. A
finding is kept in a folder that the failure names; `--fuzz-case N -k KIND` repeats one case.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.campaign import Make, Plan, Totals, campaign
from tests.faults.interruptions import Interruptions
from tests.faults.kinds import Kinds
from tests.faults.runs import ForkServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(0),
    pytest.mark.skipif(sys.platform != "linux", reason="forks, and counts memory by /proc"),
]


@pytest.fixture(scope="module")
def plan(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    option = request.config.getoption
    kinds = sum(item.path == request.path for item in request.session.items)
    return Plan(
        minutes=option("--fuzz-minutes") / kinds,
        seed=option("--fuzz-seed"),
        number=option("--fuzz-case"),
        report=option("--fuzz-report"),
        findings=option("--fuzz-findings") or tmp_path_factory.mktemp("findings"),
    )


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer() as forks:
        yield forks


@pytest.fixture(scope="module")
def torch_server() -> Iterator[ForkServer]:
    with ForkServer(torch=True) as forks:
        yield forks


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Kinds:
    return Kinds(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(scope="module")
def interruptions(tmp_path_factory: pytest.TempPathFactory, server: ForkServer) -> Interruptions:
    return Interruptions(tmp_path_factory.mktemp("seeds"), server)


def in_order(totals: Totals, plan: Plan) -> None:
    """Fail with the findings of a campaign."""
    assert totals.cases > 0
    lines = [f"{count} times: {kind}" for kind, count in totals.findings.most_common()]
    if lines:
        pytest.fail("\n".join([f"Findings, kept in {plan.findings}:", *lines]), pytrace=False)


@pytest.mark.parametrize("kind", ["containers", "streams", "pictures", "networks", "folders"])
def test_damaged_files_end_in_order(
    kind: str, plan: Plan, kinds: Kinds, server: ForkServer, tmp_path: Path
) -> None:
    in_order(campaign(kind, getattr(kinds, kind), plan, tmp_path, server), plan)


@pytest.mark.parametrize("kind", ["settings", "options"])
def test_any_settings_end_in_order(
    kind: str, plan: Plan, kinds: Kinds, server: ForkServer, tmp_path: Path
) -> None:
    in_order(campaign(kind, getattr(kinds, kind), plan, tmp_path, server), plan)


@pytest.mark.parametrize("kind", ["archives", "work_folders", "film_kills"])
def test_damaged_files_of_the_full_quality_end_in_order(
    kind: str, plan: Plan, kinds: Kinds, torch_server: ForkServer, tmp_path: Path
) -> None:
    kinds.make_work_folder(torch_server)
    in_order(campaign(kind, getattr(kinds, kind), plan, tmp_path, torch_server), plan)


@pytest.mark.parametrize(
    "kind", ["signals", "kills", "recordings", "full_disks", "closed_folders", "scarcity"]
)
def test_interruptions_leave_what_is_promised(
    kind: str, plan: Plan, interruptions: Interruptions, server: ForkServer, tmp_path: Path
) -> None:
    make: Make = getattr(interruptions, kind)
    in_order(campaign(kind, make, plan, tmp_path, server), plan)

"""Properties of settings, for values of all sorts: accepted, or refused by one kind of error."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.drawing import drawn, setting_values, words_of
from tests.faults.mutator import mutated
from vidstyle.apps.config import configured
from vidstyle.errors import OptionError
from vidstyle.flags import ConvertFlags, LiveFlags, TrainFlags
from vidstyle.options import settings as settings_of
from vidstyle.style_spec import style_shares
from vidstyle.times import seconds_of

few = settings(
    max_examples=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.binary(max_size=4),
    st.lists(st.integers(), max_size=2), st.sampled_from(("1:2", "64x48", "auto", Path("a.png"))),
)  # fmt: skip


@pytest.mark.parametrize("kind", [ConvertFlags, LiveFlags, TrainFlags])
def test_settings_are_taken_or_refused_by_name(kind: type[Any]) -> None:
    names = [setting.name for setting in settings_of(kind)]

    @few
    @given(st.dictionaries(st.sampled_from(names), VALUES, max_size=3))
    def check(values: dict[str, Any]) -> None:
        try:
            kind(**values)
        except (OptionError, TypeError) as error:
            assert any(name in str(error) for name in (*values, "mix", "style"))

    check()


@few
@given(st.text())
def test_a_time_is_a_number_or_a_value_error(text: str) -> None:
    try:
        assert isinstance(seconds_of(text), float)
    except ValueError:
        return


@few
@given(st.text(alphabet="ab:,0123456789.e-+ \\/"))
def test_a_mix_has_positive_shares_that_add_up(text: str) -> None:
    try:
        shares = style_shares(text)
    except OptionError:
        return
    assert sum(share.weight for share in shares) == pytest.approx(1)


@few
@given(content=st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_a_configuration_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "live.toml"
    file.write_bytes(content)
    try:
        assert isinstance(configured(file, LiveFlags, {}), LiveFlags)
    except OptionError as error:
        assert "live.toml" in str(error)


@pytest.mark.parametrize("seed", range(20))
def test_cases_can_be_repeated(seed: int) -> None:
    content = bytes(range(256)) * 4
    first, second = (mutated(content, random.Random(seed), [b"other"]) for _ in range(2))
    assert first == second


def test_drawn_values_can_be_repeated() -> None:
    for strategy in (words_of("convert"), setting_values()):
        first, second = (drawn(random.Random(3), strategy) for _ in range(2))
        assert first == second

"""The numbered styles of a run, loaded ahead."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from tests.live.scene import WAIT_S
from tests.shelf import TOYS
from vidstyle.errors import OptionError, StyleError, VidstyleError
from vidstyle.live.style_menu import StyleMenu
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.generator_pool import GeneratorPool

NEGATIVE, WHITE, WARM = 0, 1, 2  # numbers of the toy styles


def loaded(styles: StyleMenu, number: int, small_network: bool = False) -> ImageGenerator:
    """The generator of a style, once it has been loaded in the background."""
    deadline = time.monotonic() + WAIT_S
    while True:
        name, generator = styles.generator(number, small_network)
        if name == styles.names[number]:
            return generator
        assert time.monotonic() < deadline
        time.sleep(0.01)


def color(generator: ImageGenerator) -> list[int]:
    """What becomes of a gray pixel."""
    return [int(value) for value in generator.paint(np.full((8, 8, 3), 100, np.uint8))[4, 4]]


def make_small_twin(shelf: Path, of: str, name: str) -> None:
    """Let a style be the smaller network after the painting of another one."""
    catalog = json.loads((shelf / "catalog.json").read_text())
    entries = {entry["name"]: entry for entry in catalog["styles"]}
    entries[name]["painting"] = entries[of]["painting"]
    entries[of]["bytes"] = entries[name]["bytes"] + 1
    (shelf / "catalog.json").write_text(json.dumps(catalog))


def test_a_file_that_changed_is_loaded_anew_and_serves_until_then(
    shelf: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.onnx"
    file.write_bytes((shelf / "white.onnx").read_bytes())
    with GeneratorPool() as pool:
        styles = StyleMenu(str(file), pool)
        mix = styles.add(f"{file}:0.5,negative:0.5")
        assert color(loaded(styles, 0)) == [255] * 3
        assert color(loaded(styles, mix)) == [205] * 3
        file.write_bytes((shelf / "negative.onnx").read_bytes())
        styles.reload(str(file))
        for number in (0, mix):
            assert styles.generator(number, small_network=False)[1] is not None
            styles._loading[styles.names[number]].result(WAIT_S)
            assert color(loaded(styles, number)) == [155] * 3


def test_every_style_of_the_catalog_can_be_chosen_by_its_number(shelf: Path) -> None:
    with GeneratorPool() as pool:
        styles = StyleMenu(None, pool)
        assert styles.names == list(TOYS)
        assert styles.first == NEGATIVE
        expected = {NEGATIVE: [155] * 3, WHITE: [255] * 3, WARM: [255, 205, 155]}
        assert {number: color(loaded(styles, number)) for number in expected} == expected


def test_the_first_style_is_there_at_once(shelf: Path) -> None:
    with GeneratorPool() as pool:
        styles = StyleMenu("Warm", pool)
        assert styles.first == WARM
        assert styles.add("WHITE") == WHITE
        assert styles.generator(styles.first, small_network=False)[0] == "warm"


def test_other_styles_are_loaded_after_the_first_frame(shelf: Path) -> None:
    with GeneratorPool() as pool:
        styles = StyleMenu("warm", pool)
        styles.generator(styles.first, small_network=False)
        assert set(styles._loading) == {"warm"}
        styles.generator(styles.first, small_network=False)
        assert set(styles._loading) == set(TOYS)


def test_a_mix_may_be_the_first(shelf: Path) -> None:
    with GeneratorPool() as pool:
        styles = StyleMenu("negative:0.5,white:0.5", pool)
        assert styles.names == ["negative:0.5,white:0.5", *TOYS]
        assert color(loaded(styles, 0)) == [205] * 3


def test_a_list_is_the_whole_menu(shelf: Path, inverter: Path) -> None:
    with GeneratorPool() as pool:
        styles = StyleMenu(f"Warm,{inverter}", pool)
        assert styles.names == ["warm", str(inverter)]
        assert styles.first == 0
        assert StyleMenu("all", pool).names == list(TOYS)


@pytest.mark.parametrize(
    ("first", "error"),
    [("cold", StyleError), ("none.onnx", StyleError), ("negative:0.5,white:0", OptionError)],
)
def test_a_first_style_that_is_none_is_said_at_once(
    shelf: Path, first: str, error: type[Exception]
) -> None:
    with GeneratorPool() as pool, pytest.raises(error):
        StyleMenu(first, pool)


def test_a_smaller_network_of_a_painting_is_no_style_of_its_own(shelf: Path) -> None:
    make_small_twin(shelf, of="negative", name="white")
    with GeneratorPool() as pool:
        styles = StyleMenu(None, pool)
        assert styles.names == ["negative", "warm"]
        assert [styles.has_small_network(number) for number in range(2)] == [True, False]
        assert color(loaded(styles, 0)) == [155] * 3
        deadline = time.monotonic() + WAIT_S
        while color(styles.generator(0, small_network=True)[1]) != [255] * 3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert color(loaded(styles, 1, small_network=True)) == [255, 205, 155]


def test_styles_that_cannot_be_loaded_do_not_end_the_run(
    shelf: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (shelf / "white.onnx").write_bytes(b"blank")
    with GeneratorPool() as pool:
        styles = StyleMenu("warm", pool)
        assert styles.names[styles.first] == "warm"
        deadline = time.monotonic() + WAIT_S
        while not caplog.records:
            assert styles.generator(WHITE, small_network=False)[0] == "warm"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        styles.generator(WHITE, small_network=False)
        (record,) = caplog.records
        assert "is not the file that was shipped" in record.message


def test_a_file_of_ones_own_comes_before_the_shelf(shelf: Path, inverter: Path) -> None:
    with GeneratorPool() as pool:
        styles = StyleMenu(str(inverter), pool)
        assert styles.names == [str(inverter), "negative", "white", "warm"]
        assert not styles.has_small_network(0)


def test_a_file_is_added_at_the_end_once(shelf: Path, inverter: Path) -> None:
    with GeneratorPool() as pool:
        styles = StyleMenu(None, pool)
        number = styles.add(str(inverter))
        assert number == len(TOYS)
        assert color(loaded(styles, number)) == [155] * 3
        assert styles.add(str(inverter)) == number
        assert styles.add("warm") == WARM


def test_what_is_no_style_is_not_added(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    (tmp_path / "broken.jpg").touch()
    with GeneratorPool() as pool:
        styles = StyleMenu(None, pool)
        for name in ("letter.txt", "broken.jpg"):
            with pytest.raises(VidstyleError):
                styles.add(str(tmp_path / name))
        assert styles.names == list(TOYS)

"""Arrays in, stylized arrays out, with toy styles."""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import patches
from tests.live.scene import WAIT_S
from tests.persons import right_half
from vidstyle.apps.arrays import ImageArray
from vidstyle.apps.image import stylize_photo
from vidstyle.apps.stylizer import Stylizer, styles
from vidstyle.errors import OptionError, SourceError, StyleError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.options import StylizeOptions
from vidstyle.stylize import person_mask
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.generator_pool import GeneratorPool

COLORFUL = patches(64, 48)
NEGATIVE = 255 - COLORFUL.astype(int)
MIDDLES = np.ix_([12, 36], [16, 48])

pytestmark = pytest.mark.usefixtures("shelf")


def off(painted: ImageArray, wanted: NDArray[Any]) -> float:
    """Largest difference in the middles of the patches, in levels."""
    return float(np.abs(painted.astype(int) - wanted)[MIDDLES].max())


def test_an_array_comes_back_painted() -> None:
    with Stylizer("negative") as stylizer:
        painted = stylizer(COLORFUL)
    assert (painted.shape, painted.dtype.name) == (COLORFUL.shape, "uint8")
    assert off(painted, NEGATIVE) < 6


def test_without_a_name_it_is_the_default_style() -> None:
    with Stylizer() as stylizer:
        assert stylizer.style == "negative"
        assert off(stylizer(COLORFUL), NEGATIVE) < 6


def test_a_file_of_ones_own_is_a_style(inverter: Path) -> None:
    with Stylizer(inverter) as stylizer:
        assert stylizer.style == str(inverter)
        assert off(stylizer(COLORFUL), NEGATIVE) < 6


def test_a_photo_is_painted_as_by_stylize_photo(tmp_path: Path) -> None:
    write_photo(tmp_path / "in.png", COLORFUL)
    stylize_photo(tmp_path / "in.png", tmp_path / "out.png", StylizeOptions(style="warm"))
    with Stylizer("warm") as stylizer:
        assert np.array_equal(stylizer(COLORFUL), read_photo(tmp_path / "out.png"))


def test_bgr_alpha_and_gray_follow_their_rules() -> None:
    alpha = np.full((48, 64, 1), 7, np.uint8)
    with Stylizer("warm", order="bgr") as stylizer:
        painted = stylizer(np.dstack([COLORFUL[..., ::-1], alpha]))
        gray = stylizer(COLORFUL[..., 0])
    assert stylizer.order == "bgr"
    assert (painted[..., 3] == 7).all()
    assert off(painted[..., 0], NEGATIVE[..., 2]) < 6  # blue is inverted, red is white
    assert painted[..., 2][MIDDLES].min() > 249
    assert gray.shape == (48, 64, 3)


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 7), (33, 21), (400, 90)])
def test_any_size_comes_back(size_wh: tuple[int, int]) -> None:
    with Stylizer("negative", max_height=16) as stylizer:
        assert stylizer(patches(*size_wh)).shape == (size_wh[1], size_wh[0], 3)


def test_another_style_counts_from_the_next_call() -> None:
    with Stylizer("negative") as stylizer:
        stylizer.style = "white"
        assert stylizer(COLORFUL)[MIDDLES].min() > 249
        stylizer.style = "negative:0.6,white:0.4"
        assert off(stylizer(COLORFUL), 0.6 * NEGATIVE + 0.4 * 255) < 6


@pytest.mark.parametrize(
    ("style", "error"),
    [
        ("nemo", StyleError),
        ("nemo.onnx", StyleError),
        ("nemo.jpg", SourceError),
        ("a:1,b", OptionError),
    ],
)
def test_an_unknown_style_is_refused_and_the_old_one_stays(
    style: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        Stylizer(style)
    with Stylizer("negative") as stylizer:
        with pytest.raises(error):
            stylizer.style = style
        assert stylizer.style == "negative"
        assert off(stylizer(COLORFUL), NEGATIVE) < 6


def test_strength_and_colors_can_be_changed() -> None:
    with Stylizer("negative", strength=0.5, keep_colors=True) as stylizer:
        assert (stylizer.strength, stylizer.keep_colors) == (0.5, True)
        stylizer.strength, stylizer.keep_colors = 0.0, False
        assert off(stylizer(COLORFUL), COLORFUL) <= 3
        with pytest.raises(OptionError, match="strength"):
            stylizer.strength = 1.5
        assert stylizer.strength == 0.0


def test_persons_or_the_background_alone_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_mask, "segment", right_half)
    half = COLORFUL.shape[1] // 2
    with Stylizer("negative", only="person") as stylizer:
        assert off(stylizer(COLORFUL), np.hstack([COLORFUL[:, :half], NEGATIVE[:, half:]])) < 6
        stylizer.only = "background"
        assert off(stylizer(COLORFUL), np.hstack([NEGATIVE[:, :half], COLORFUL[:, half:]])) < 6
        with pytest.raises(OptionError, match="only must be one of all, person, background"):
            stylizer.only = "dog"
        assert stylizer.only == "background"


def test_settings_that_make_no_sense_are_refused() -> None:
    wrongs: list[dict[str, Any]] = [
        {"max_height": 3},
        {"threads": 0},
        {"order": "grb"},
        {"strength": float("nan")},
    ]
    for wrong in wrongs:
        with pytest.raises(OptionError, match=next(iter(wrong))):
            Stylizer("negative", **wrong)


def test_several_threads_at_once_get_their_own_pictures() -> None:
    images = [np.full((40 + n, 60, 3), 10 * n, np.uint8) for n in range(16)]
    with Stylizer("negative") as stylizer, ThreadPoolExecutor(4) as pool:
        for image, painted in zip(images, pool.map(stylizer, images), strict=True):
            assert painted.shape == image.shape
            assert np.abs(painted.astype(int) - (255 - image)).max() <= 3


def test_the_style_may_change_while_others_paint() -> None:
    with Stylizer("negative") as stylizer, ThreadPoolExecutor(4) as pool:
        paintings = [pool.submit(stylizer, COLORFUL) for _ in range(20)]
        for _ in range(5):
            stylizer.style, stylizer.style = "white", "negative"
        for painting in paintings:
            found = painting.result(WAIT_S)
            assert off(found, NEGATIVE) < 6 or found[MIDDLES].min() > 249


class Meeting(ImageGenerator):
    """Paints the negative, as soon as three calls are inside."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(3, timeout=WAIT_S)

    def paint(self, image: RGBImage) -> RGBImage:
        self._barrier.wait()
        return np.asarray(255 - image, np.uint8)


def test_asyncio_runs_several_calls_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = Meeting()
    monkeypatch.setattr(GeneratorPool, "get", lambda pool, style: meeting)

    async def paint_all(stylizer: Stylizer) -> list[ImageArray]:
        images = [np.full((30, 40, 3), 40 * n, np.uint8) for n in range(6)]
        return await asyncio.gather(*(asyncio.to_thread(stylizer, image) for image in images))

    with Stylizer("negative") as stylizer:
        for number, painted in enumerate(asyncio.run(paint_all(stylizer))):
            assert np.abs(painted.astype(int) - (255 - 40 * number)).max() <= 3


def test_a_misspelled_setting_is_an_attribute_error() -> None:
    with Stylizer("negative") as stylizer, stylizer.stream() as stream:
        with pytest.raises(AttributeError, match="strengh"):
            stylizer.strengh = 0.3  # type: ignore[attr-defined]
        with pytest.raises(AttributeError, match="style"):
            stream.style = "white"  # type: ignore[attr-defined]


def test_an_entry_of_the_list_is_a_style() -> None:
    negative, white, _ = styles()
    with Stylizer(white) as stylizer:
        assert stylizer.style == "white"
        stylizer.style = negative
        assert stylizer.style == "negative"
        with pytest.raises(TypeError, match="style must be a name, a path or a mix, not int"):
            stylizer.style = 3  # type: ignore[assignment]


def test_closing_it_closes_its_streams() -> None:
    before = set(threading.enumerate())
    stylizer = Stylizer("negative")
    streams = [stylizer.stream() for _ in range(2)]
    for stream in streams:
        stream(COLORFUL)
    stylizer.close()
    assert set(threading.enumerate()) == before
    with pytest.raises(RuntimeError, match="closed"):
        streams[0](COLORFUL)


def test_let_go_of_it_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    stylizer = Stylizer("negative")
    stream = stylizer.stream()
    stream(COLORFUL)
    started = set(threading.enumerate()) - before
    del stylizer, stream
    gc.collect()
    for thread in started:
        thread.join(WAIT_S)
    assert set(threading.enumerate()) == before


def test_closed_it_says_so_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    stylizer = Stylizer("negative")
    stylizer.close()
    stylizer.close()
    with pytest.raises(RuntimeError, match="closed"):
        stylizer(COLORFUL)
    with pytest.raises(RuntimeError, match="closed"):
        stylizer.style = "white"
    with pytest.raises(RuntimeError, match="closed"):
        stylizer.stream()
    with pytest.raises(StyleError):
        Stylizer("nemo")
    assert set(threading.enumerate()) == before


def test_it_shows_its_settings() -> None:
    with Stylizer("warm", strength=0.5) as stylizer:
        assert repr(stylizer) == (
            "<Stylizer \"warm\", strength=0.5, keep_colors=False, order='rgb'>"
        )


def test_the_styles_are_listed_with_the_default_first() -> None:
    assert [style.name for style in styles()] == ["negative", "white", "warm"]

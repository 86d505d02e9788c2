"""From words to generators, and how a pool keeps them warm."""

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.errors import OptionError, StyleError
from vidstyle.frame import Picture
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize import generator_pool
from vidstyle.stylize.catalog import shipped_styles
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.generator_pool import GeneratorPool, load_generator
from vidstyle.stylize.stylizer import stylize_picture

IMAGE = noise_image(32, 48, 0)
SHIPPED = [style.name for style in shipped_styles()]
HANG_LIMIT_S = 60


def negative(share: float) -> np.typing.NDArray[np.float64]:
    """What `share` of negative and the rest white should look like."""
    return 255 - share * IMAGE.astype(float)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("style", "share"),
    [(None, 1), ("negative", 1), ("white", 0), ("negative:0.6,white:0.4", 0.6)],
)
def test_words_become_what_they_ask_for(style: str | None, share: float) -> None:
    assert np.abs(load_generator(style).paint(IMAGE) - negative(share)).max() <= 1


def test_files_can_be_mixed_with_names(shelf: Path) -> None:
    generator = load_generator(f"{shelf / 'negative.onnx'}:0.25,white:0.75")
    assert np.abs(generator.paint(IMAGE) - negative(0.25)).max() <= 1


def test_an_unknown_style_in_a_mix_is_named(shelf: Path) -> None:
    with pytest.raises(StyleError, match=r'No style named "cold"\. Installed: negative, white'):
        load_generator("negative:0.6,cold:0.4")
    with pytest.raises(StyleError, match=r"There is no file .*none\.onnx"):
        load_generator(f"negative:0.6,{shelf / 'none.onnx'}:0.4")
    with pytest.raises(OptionError, match=r"not a number over 0"):
        load_generator("negative:0.6,white:0")


@pytest.mark.usefixtures("no_faces")
@pytest.mark.parametrize("style", [*SHIPPED, "mix"])
@pytest.mark.parametrize("resize", [False, True])
def test_strength_and_colors_hold_for_every_style(inverter: Path, style: str, resize: bool) -> None:
    words = f"{SHIPPED[0]}:0.6,{inverter}:0.4" if style == "mix" else style
    generator = load_generator(words)
    picture = Picture.from_rgb(noise_image(64, 96, 0, blur=2))

    def painted(**settings: object) -> Picture:
        options = StylizeOptions(max_height=48, resize=resize, **settings)  # type: ignore[arg-type]
        return stylize_picture(picture, generator, options, Stats())

    full = painted()
    shown = picture.resized(full.width, full.height)
    assert np.abs(full.y.astype(int) - shown.y).mean() > 4
    for none, whole, half, original in zip(
        painted(strength=0.0).planes,
        full.planes,
        painted(strength=0.5).planes,
        shown.planes,
        strict=True,
    ):
        assert np.array_equal(none, original)
        assert np.abs(half - (whole.astype(float) + original) / 2).max() <= 0.5
    kept = painted(keep_colors=True)
    assert np.array_equal(kept.y, full.y)
    assert np.array_equal(kept.u, shown.u)
    assert np.array_equal(kept.v, shown.v)


class Loads:
    """What was loaded, and by which thread; a gate can hold a file up."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.threads: set[str] = set()
        self.gates: dict[str, threading.Event] = {}

    def __call__(self, file: Path, threads: int = 1) -> OnnxGenerator:
        if file.stem in self.gates:
            assert self.gates[file.stem].wait(HANG_LIMIT_S)
        self.files.append(file.stem)
        self.threads.add(threading.current_thread().name)
        return OnnxGenerator(file, threads)


@pytest.fixture
def loads(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    loads = Loads()
    monkeypatch.setattr(generator_pool, "OnnxGenerator", loads)
    return loads


@pytest.fixture
def pool(loads: Loads) -> Iterator[GeneratorPool]:
    with GeneratorPool() as pool:
        yield pool


def test_the_pool_gives_what_loading_gives(pool: GeneratorPool) -> None:
    for style in (None, "white", "negative:0.6,warm:0.4"):
        painted = pool.get(style).paint(IMAGE)
        assert np.array_equal(painted, load_generator(style).paint(IMAGE))


def test_nothing_is_loaded_twice_nor_by_the_caller(pool: GeneratorPool, loads: Loads) -> None:
    futures = [pool.warm("white"), pool.warm("white"), pool.warm("negative:0.6,white:0.4")]
    assert pool.get("white") is futures[0].result(HANG_LIMIT_S) is futures[1].result(HANG_LIMIT_S)
    futures[2].result(HANG_LIMIT_S)
    pool.get("negative:0.1,white:0.9")  # other weights, the same networks
    assert loads.files == ["white", "negative"]
    assert loads.threads == {"loader_0"}


def test_what_is_warm_does_not_wait_for_what_is_loading(pool: GeneratorPool, loads: Loads) -> None:
    pool.get("negative:0.5,white:0.5")
    loads.gates["warm"] = threading.Event()
    loading = pool.warm("warm")
    pool.get("white").paint(IMAGE)
    pool.get("negative:0.3,white:0.7").paint(IMAGE)
    assert not loading.done()
    loads.gates["warm"].set()
    assert loading.result(HANG_LIMIT_S) is pool.get("warm")


def test_the_longest_unused_is_freed(loads: Loads) -> None:
    with GeneratorPool(limit=2) as pool:
        first, second = weakref.ref(pool.get("negative")), weakref.ref(pool.get("white"))
        pool.get("negative")
        pool.get("warm")
        gc.collect()
        assert first() is not None
        assert second() is None
    assert loads.files == ["negative", "white", "warm"]


@pytest.mark.usefixtures("loads")
def test_what_is_painting_stays_until_it_is_done() -> None:
    with GeneratorPool(limit=1) as pool:
        painting = pool.get("negative:0.5,white:0.5")
        pool.get("warm")
        assert np.abs(painting.paint(IMAGE) - negative(0.5)).max() <= 1


def test_a_failed_load_is_told_and_can_be_tried_again(
    shelf: Path, pool: GeneratorPool, loads: Loads
) -> None:
    content = (shelf / "warm.onnx").read_bytes()
    (shelf / "warm.onnx").unlink()
    with pytest.raises(StyleError, match="missing"):
        pool.warm("warm").result(HANG_LIMIT_S)
    with pytest.raises(StyleError, match="missing"):
        pool.get("negative:0.5,warm:0.5")
    with pytest.raises(OptionError, match="no weight"):
        pool.get("negative,warm")
    (shelf / "warm.onnx").write_bytes(content)
    pool.get("negative:0.5,warm:0.5")
    assert loads.files == ["negative", "warm"]


def test_a_closed_pool_leaves_no_thread_and_no_network(loads: Loads) -> None:
    with GeneratorPool() as pool:
        network = weakref.ref(pool.get("white"))
    gc.collect()
    assert network() is None
    assert not [t for t in threading.enumerate() if t.name.startswith("loader")]

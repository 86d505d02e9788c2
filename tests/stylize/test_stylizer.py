import gc
import math
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.faces import face_at
from tests.live.scene import Striped, stripes
from tests.persons import bright_part, right_half
from tests.textures import noise_image
from vidstyle.frame import Checkpoint, Frame, Picture, RGBImage
from vidstyle.options import PAINTED, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize import generator_pool, person_mask, stylizer
from vidstyle.stylize.catalog import find_style
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.generator_pool import GeneratorPool
from vidstyle.stylize.painter import FramePainter, GeneratorPainter
from vidstyle.stylize.painter_schedule import (
    PaintersByScene,
    PaintersByTime,
    TimedPainter,
    Turn,
    always,
)
from vidstyle.stylize.stylizer import (
    FIRST_INTERVAL,
    LONGEST_INTERVAL,
    MEASURABLE_S,
    SHORTEST_INTERVAL,
    VideoStylizer,
    stylize_picture,
)

HEIGHT, WIDTH = 160, 208

pytestmark = pytest.mark.usefixtures("no_faces")


def texture(seed: int) -> RGBImage:
    return noise_image(HEIGHT + 80, WIDTH + 80, seed, blur=4)


def panning(seeds: Iterable[int] = (0,), frames: int = 12) -> list[Frame]:
    """A window moving over a texture, 2 px right and 1 down a frame; a cut to each next texture."""
    images = [
        texture(seed)[20 + i : 20 + i + HEIGHT, 20 + 2 * i : 20 + 2 * i + WIDTH]
        for seed in seeds
        for i in range(frames)
    ]
    return [
        Frame(Picture.from_rgb(image), 40 * index + index % 3, Fraction(1, 1000), 40)
        for index, image in enumerate(images)
    ]


def run(toy: Path, frames: list[Frame], **settings: object) -> tuple[list[Frame], Stats]:
    stats = Stats()
    options = StylizeOptions(**settings)  # type: ignore[arg-type]
    stylizer = VideoStylizer(always(GeneratorPainter(OnnxGenerator(toy))), options, stats)
    return list(stylizer.stylize(iter(frames))), stats


def inverted(frame: Frame) -> np.typing.NDArray[np.int64]:
    return 255 - frame.picture.to_rgb().astype(int)


@pytest.mark.parametrize("every", [None, 1, 2, 5, 50])
@pytest.mark.parametrize("count", [1, 2, 3, 12])
def test_frames_keep_their_number_and_times(inverter: Path, every: int | None, count: int) -> None:
    frames = panning(frames=count)
    done, _ = run(inverter, frames, every=every)
    assert [(f.pts, f.time_base, f.duration) for f in done] == [
        (f.pts, f.time_base, f.duration) for f in frames
    ]


def test_every_frame_is_painted_on_request(inverter: Path) -> None:
    frames = panning(frames=5)
    done, stats = run(inverter, frames, every=1)
    assert stats["keyframes"] == 5
    for before, after in zip(frames, done, strict=True):
        assert np.abs(after.picture.to_rgb() - inverted(before)).mean() < 3


def test_frames_between_look_as_if_painted(inverter: Path) -> None:
    frames = panning(frames=11)
    done, stats = run(inverter, frames, every=5)
    assert stats["keyframes"] == 3
    for before, after in zip(frames, done, strict=True):
        difference = np.abs(after.picture.to_rgb() - inverted(before))
        assert difference[16:-16, 16:-16].mean() < 4
        assert difference.mean() < 8


def test_a_cut_is_never_blended_across(inverter: Path) -> None:
    frames = panning(seeds=(0, 7), frames=9)
    done, stats = run(inverter, frames, every=6)
    assert stats["cuts"] == 1
    for index in (7, 8, 9, 10):  # around the cut between 8 and 9
        difference = np.abs(done[index].picture.to_rgb() - inverted(frames[index]))
        assert difference[16:-16, 16:-16].mean() < 5


def test_a_pan_is_no_cut(inverter: Path) -> None:
    _, stats = run(inverter, panning(frames=14))
    assert stats["cuts"] == 0


def test_what_appears_between_keyframes_is_painted_afresh(inverter: Path) -> None:
    frames = panning(frames=7)
    image = frames[3].picture.to_rgb()
    image[40:112, 60:132] = texture(3)[:72, :72]  # for one frame only, on no keyframe
    frames[3] = frames[3].showing(Picture.from_rgb(image))
    done, stats = run(inverter, frames, every=6)
    assert stats["keyframes"] == 3 - 1
    painted = Picture.from_rgb(inverted(frames[3]).astype(np.uint8))
    difference = np.abs(done[3].picture.y.astype(int) - painted.y)
    assert difference[48:104, 68:124].mean() < 5  # without the fresh painting it is 14


def test_auto_places_keyframes_where_the_warp_is_lost(inverter: Path) -> None:
    calm, _ = panning(frames=1), None
    still = [calm[0]] * 24
    times = [Frame(f.picture, 40 * i, Fraction(1, 1000), 40) for i, f in enumerate(still)]
    wild = [
        Frame(
            Picture.from_rgb(texture(0)[(i * 37) % 80 :][:HEIGHT, :WIDTH]),
            40 * i,
            Fraction(1, 1000),
            40,
        )
        for i in range(24)
    ]
    keyframes = [run(inverter, frames)[1]["keyframes"] for frames in (times, wild)]
    assert keyframes[0] < keyframes[1]


def test_strength_zero_is_the_original(inverter: Path) -> None:
    frames = panning(frames=3)
    done, _ = run(inverter, frames, strength=0.0)
    for before, after in zip(frames, done, strict=True):
        assert np.array_equal(after.picture.y, before.picture.y)


@pytest.mark.parametrize("every", [None, 1])
def test_only_persons_or_only_the_background_is_painted(
    every: int | None, inverter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_mask, "segment", right_half)
    frames = panning(seeds=(0, 1), frames=8)
    parts = {only: run(inverter, frames, every=every, only=only) for only in PAINTED}
    assert parts["person"][1].stages["mask"].calls == len(frames)
    assert "mask" not in parts["all"][1].stages
    left, right = slice(0, WIDTH // 2 - 24), slice(WIDTH // 2 + 24, WIDTH)
    shown = zip(frames, *(parts[only][0] for only in PAINTED), strict=True)
    for before, everything, person, background in shown:
        for kept, painted, part in ((left, right, person), (right, left, background)):
            assert np.array_equal(part.picture.y[:, kept], before.picture.y[:, kept])
            whole = everything.picture.y[:, painted].astype(int)
            assert np.abs(part.picture.y[:, painted] - whole).mean() < 1


def test_keeping_colors_keeps_the_chroma(inverter: Path) -> None:
    frames = panning(frames=3)
    done, _ = run(inverter, frames, keep_colors=True)
    for before, after in zip(frames, done, strict=True):
        assert np.array_equal(after.picture.u, before.picture.u)
        assert np.array_equal(after.picture.v, before.picture.v)
        assert not np.array_equal(after.picture.y, before.picture.y)


def test_the_working_size_does_not_change_the_output_size(inverter: Path) -> None:
    frames = panning(frames=4)
    done, _ = run(inverter, frames, max_height=80, every=3)
    assert {f.picture.y.shape for f in done} == {(HEIGHT, WIDTH)}
    done, _ = run(inverter, frames, max_height=80, every=3, resize=True)
    assert {f.picture.y.shape for f in done} == {(80, 104)}


def test_comparison_shows_the_original_on_the_left(inverter: Path) -> None:
    frames = panning(frames=2)
    done, _ = run(inverter, frames, compare=True)
    assert np.array_equal(done[0].picture.y[:, :WIDTH], frames[0].picture.y)
    assert done[0].picture.width == 2 * WIDTH


def test_a_generator_that_fails_ends_the_run() -> None:
    class Failing(ImageGenerator):
        def paint(self, image: RGBImage) -> RGBImage:
            raise RuntimeError("out of paint")

    stylizer = VideoStylizer(always(GeneratorPainter(Failing())), StylizeOptions(), Stats())
    with pytest.raises(RuntimeError, match="out of paint"):
        list(stylizer.stylize(iter(panning(frames=3))))


class Even(ImageGenerator):
    """Paints everything in one shade."""

    def __init__(self, shade: int) -> None:
        self.shade = shade

    def paint(self, image: RGBImage) -> RGBImage:
        return np.full_like(image, self.shade)


class Replaceable:
    """`PainterSchedule` of a painter that may be replaced at any time, for the next keyframe."""

    by_scene = False

    def __init__(self, generator: ImageGenerator) -> None:
        self.current = GeneratorPainter(generator)

    def painter(self, time_s: float, scene: int) -> FramePainter:
        return self.current

    def turn(self, before_s: float, time_s: float) -> Turn:
        return Turn.NONE


def switching(
    frames: list[Frame], at: int, every: int | None, old: ImageGenerator, new: ImageGenerator
) -> list[Frame]:
    """Stylize the frames; the generator is switched just before frame `at` comes in."""
    painters = Replaceable(old)
    stylizer = VideoStylizer(painters, StylizeOptions(every=every), Stats())

    def source() -> Iterator[Frame]:
        for index, frame in enumerate(frames):
            if index == at:
                painters.current = GeneratorPainter(new)
            yield frame

    return list(stylizer.stylize(source()))


def shades(frames: list[Frame]) -> list[float]:
    return [float(frame.picture.to_rgb().mean()) for frame in frames]


def test_a_switch_counts_from_the_next_keyframe_on() -> None:
    shown = shades(switching(panning(frames=12), 4, 1, Even(40), Even(200)))
    assert np.allclose(shown[:4], 40, atol=2)
    assert np.allclose(shown[4:], 200, atol=2)


def test_frames_between_two_styles_go_over_from_one_to_the_other() -> None:
    frames = panning(frames=16)
    done = switching(frames, 7, 5, Even(40), Even(200))
    assert [f.pts for f in done] == [f.pts for f in frames]
    shown = shades(done)
    assert np.allclose(shown[:6], 40, atol=3)
    # Keyframes at 5 and 10: what lies between changes evenly.
    assert np.allclose(shown[5:11], np.linspace(40, 200, 6), atol=8)
    assert np.allclose(shown[10:], 200, atol=3)


def test_what_appears_while_styles_change_is_painted_in_both() -> None:
    frames = panning(frames=7)
    image = frames[2].picture.to_rgb()
    image[40:112, 60:132] = texture(3)[:72, :72]  # for one frame only, on no keyframe
    frames[2] = frames[2].showing(Picture.from_rgb(image))

    class Negative(ImageGenerator):
        def paint(self, image: RGBImage) -> RGBImage:
            return 255 - image

    done = switching(frames, 3, 6, Negative(), Even(200))
    passed = frames[2].pts / frames[6].pts
    luma = Picture.from_rgb(np.full((HEIGHT, WIDTH, 3), 200, np.uint8)).y
    negative = Picture.from_rgb(np.asarray(255 - image, np.uint8)).y
    wanted = (1 - passed) * negative.astype(float) + passed * luma
    difference = np.abs(done[2].picture.y - wanted)
    assert difference[48:104, 68:124].mean() < 6  # by one style alone: 14 or 29


def scheduled(frames: list[Frame], *painters: TimedPainter, every: int | None) -> list[float]:
    stylizer = VideoStylizer(PaintersByTime(painters), StylizeOptions(every=every), Stats())
    return shades(list(stylizer.stylize(iter(frames))))


@pytest.mark.parametrize("every", [None, 1, 4, 50])
def test_a_scheduled_style_begins_with_its_frame(every: int | None) -> None:
    frames = panning(frames=12)
    dark, bright = (GeneratorPainter(Even(shade)) for shade in (40, 200))
    start_s = frames[5].time_s
    shown = scheduled(frames, TimedPainter(dark), TimedPainter(bright, start_s), every=every)
    assert np.allclose(shown[:5], 40, atol=3)
    assert np.allclose(shown[5:], 200, atol=3)


@pytest.mark.parametrize("every", [None, 1, 4, 50])
def test_a_scheduled_fade_is_even_however_keyframes_lie(every: int | None) -> None:
    frames = panning(frames=14)
    dark, bright = (GeneratorPainter(Even(shade)) for shade in (40, 200))
    start_s, end_s = frames[3].time_s, frames[9].time_s
    fading = TimedPainter(bright, start_s, end_s - start_s)
    shown = scheduled(frames, TimedPainter(dark), fading, every=every)
    shares = [(frame.time_s - start_s) / (end_s - start_s) for frame in frames]
    assert np.allclose(shown, 40 + 160 * np.clip(shares, 0, 1), atol=4)


@pytest.mark.parametrize("every", [None, 1])
def test_scenes_are_painted_in_turn(every: int | None) -> None:
    painters = PaintersByScene([GeneratorPainter(Even(40)), GeneratorPainter(Even(200))])
    stylizer = VideoStylizer(painters, StylizeOptions(every=every), Stats())
    shown = shades(list(stylizer.stylize(iter(panning(seeds=(0, 7, 3), frames=5)))))
    assert np.allclose(shown, [40] * 5 + [200] * 5 + [40] * 5, atol=3)


def test_a_style_is_loaded_and_switched_to_while_frames_go_on(
    shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, may_load, loaders = panning(seeds=(0, 1, 2)), threading.Event(), set()

    def slow(file: Path, threads: int) -> OnnxGenerator:
        loaders.add(threading.current_thread().name)
        assert file.stem == "negative" or may_load.wait(60)
        return OnnxGenerator(file, threads)

    monkeypatch.setattr(generator_pool, "OnnxGenerator", slow)
    with GeneratorPool(limit=1) as pool:
        old = pool.get("negative")
        painters = Replaceable(old)
        stylizer = VideoStylizer(painters, StylizeOptions(every=3), Stats())
        old_network, coming = weakref.ref(old), pool.warm("white")
        del old
        shown = []
        for index, frame in enumerate(stylizer.stylize(iter(frames))):
            shown.append(shades([frame])[0])
            if index == 12:  # so many frames have come out while nothing could be loaded
                assert not coming.done()
                may_load.set()
                coming.result(60)
                painters.current = GeneratorPainter(pool.get("white"))
        gc.collect()
        assert old_network() is None
    assert len(shown) == len(frames)
    assert max(shown[:12]) < 180
    assert min(shown[-12:]) > 250
    assert loaders == {"loader_0"}


@pytest.mark.parametrize("step_s", [0.0156, math.inf])
def test_clocks_of_coarse_steps_only_give_the_first_interval(
    inverter: Path, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    """Windows counts a thread's time in steps of 15.6 ms; infinite ones stand still."""
    for name in ("monotonic", "perf_counter", "thread_time"):
        clock = getattr(time, name)
        monkeypatch.setattr(time, name, lambda clock=clock: clock() // step_s * min(step_s, 1.0))
    painter, stats = GeneratorPainter(OnnxGenerator(inverter)), Stats()
    stylizer = VideoStylizer(always(painter), StylizeOptions(), stats)
    frames = panning(frames=14)
    assert len(list(stylizer.stylize(frames))) == 14
    assert stats.stages["warp"].calls >= 4
    if step_s == math.inf:
        assert stats["keyframes"] == len(range(0, 14, FIRST_INTERVAL)) + 1


def test_the_interval_follows_the_measured_times_once_they_are_long_enough(inverter: Path) -> None:
    stats = Stats()
    painter = GeneratorPainter(OnnxGenerator(inverter))
    stylizer = VideoStylizer(always(painter), StylizeOptions(), stats)

    def measure(stage: str, cpu_s: float) -> None:
        with stats.timed(stage):
            pass
        stats.stages[stage].cpu_s = cpu_s

    measure("generator", 1.0)
    measure("warp", 0.0)
    assert stylizer._interval() == FIRST_INTERVAL
    measure("warp", MEASURABLE_S / 2)
    assert stylizer._interval() == FIRST_INTERVAL
    for _ in range(8):
        measure("warp", MEASURABLE_S)
    assert stylizer._interval() == LONGEST_INTERVAL
    measure("generator", MEASURABLE_S)
    assert SHORTEST_INTERVAL < stylizer._interval() < LONGEST_INTERVAL


def test_of_large_frames_hardly_more_than_a_span_is_held(
    inverter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, taken = panning(frames=20), 0
    monkeypatch.setattr(stylizer, "MAX_SPAN_BYTES", 2 * frames[0].picture.nbytes)

    def counted() -> Iterator[Frame]:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    painter = GeneratorPainter(OnnxGenerator(inverter))
    stream = VideoStylizer(always(painter), StylizeOptions(), Stats()).stylize(counted())
    held = [taken - given for given, _ in enumerate(stream)]
    assert len(held) == 20
    assert max(held) <= SHORTEST_INTERVAL


@pytest.mark.parametrize(
    ("every", "only", "start"),  # within a scene, at a cut, in the next scene
    [
        (None, "all", 3), (4, "all", 10), (None, "all", 10), (1, "all", 17), (4, "all", 17),
        (1, "person", 10), (4, "person", 3), (4, "person", 10), (4, "person", 17),
    ],
)  # fmt: skip
def test_a_stream_goes_on_from_a_checkpoint_as_if_unbroken(
    inverter: Path, every: int | None, only: str, start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person_mask, "segment", bright_part)
    frames = panning(seeds=(0, 7), frames=10)
    checkpoint = Checkpoint(1, frames[start].pts, start, {"corrupt packets": 1})
    frames[start] = replace(frames[start], checkpoint=checkpoint)
    generator = OnnxGenerator(inverter)
    first, second = (GeneratorPainter(generator), GeneratorPainter(Even(200)))
    options, stats = StylizeOptions(every=every, only=only), [Stats(), Stats()]
    stylizer = VideoStylizer(PaintersByScene([first, second]), options, stats[0])
    whole = list(stylizer.stylize(iter(frames)))
    completed = whole[start].checkpoint
    assert completed is not None
    assert (completed.part, completed.pts, completed.frame) == (1, frames[start].pts, start)
    assert completed.scene == (start >= 10)
    later = VideoStylizer(PaintersByScene([first, second]), options, stats[1])
    later.start_at(completed)
    rest = list(later.stylize(iter(frames[start:])))
    for frame, same in zip(rest, whole[start:], strict=True):
        planes = zip(frame.picture.planes, same.picture.planes, strict=True)
        assert all(np.array_equal(plane, other) for plane, other in planes)
    for name in ("keyframes", "cuts"):
        assert completed.counts[name] + stats[1][name] == stats[0][name]


def test_a_checkpoint_is_a_keyframe_that_both_sides_share(inverter: Path) -> None:
    frames = panning(frames=9)
    frames[5] = replace(frames[5], checkpoint=Checkpoint(1, frames[5].pts, 5, {}))
    shown, stats = run(inverter, frames, every=50)
    assert stats["keyframes"] == 3  # the first, the one with the checkpoint and the last
    assert np.abs(shown[5].picture.to_rgb() - inverted(frames[5])).mean() < 3


def test_a_checkpoint_is_not_seen() -> None:
    frames = panning(frames=14)
    generator = OnnxGenerator(find_style("great-wave"))

    def steps(frames: list[Frame]) -> list[float]:
        stylizer = VideoStylizer(
            always(GeneratorPainter(generator)), StylizeOptions(every=6), Stats()
        )
        shown = [frame.picture.y.astype(int) for frame in stylizer.stylize(iter(frames))]
        return [float(np.abs(after - before).mean()) for before, after in pairwise(shown)]

    usual = steps(frames)
    frames[9] = replace(frames[9], checkpoint=Checkpoint(1, frames[9].pts, 9, {}))
    assert max(steps(frames)) < 1.05 * max(usual)


@pytest.fixture
def one_face(monkeypatch: pytest.MonkeyPatch) -> slice:
    """Let a face be found in the middle of each picture; its columns."""
    found = [face_at(WIDTH / 2, HEIGHT / 2)]
    monkeypatch.setattr(stylizer, "find_faces", lambda picture: found)
    return slice(WIDTH // 2 - 16, WIDTH // 2 + 16)


def test_faces_have_finer_strokes_in_keyframes_and_between(one_face: slice) -> None:
    still = Picture.from_rgb(texture(0)[:HEIGHT, :WIDTH])
    frames = [Frame(still, number, Fraction(1, 25)) for number in range(7)]
    borders = {}
    for faces in ("fine", "plain"):
        options = StylizeOptions(every=3, faces=faces)
        done = VideoStylizer(always(GeneratorPainter(Striped())), options, Stats()).stylize(frames)
        borders[faces] = [stripes(frame.picture.y[HEIGHT // 2, one_face]) for frame in done]
    assert min(borders["fine"]) >= 2 * max(borders["plain"])


def test_faces_of_photos_have_finer_strokes_too(one_face: slice) -> None:
    photo = Picture.from_rgb(texture(0)[:HEIGHT, :WIDTH])
    fine, plain = (
        stylize_picture(photo, Striped(), StylizeOptions(faces=faces), Stats()).y
        for faces in ("fine", "plain")
    )
    middle = (HEIGHT // 2, one_face)
    assert stripes(fine[middle]) >= 2 * stripes(plain[middle])


@pytest.mark.parametrize("options", [{"faces": "plain"}, {"quality": "full"}])
def test_without_fine_faces_none_are_looked_for(
    options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stylizer, "find_faces", lambda picture: pytest.fail("looked"))
    settings = StylizeOptions(**options)  # type: ignore[arg-type]
    done = VideoStylizer(always(GeneratorPainter(Striped())), settings, Stats())
    assert len(list(done.stylize(panning(frames=4)))) == 4


def test_strokes_of_films_and_photos_are_finer_unless_a_size_is_chosen() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    frame = Frame(Picture.from_rgb(image), 0, Fraction(1, 25))
    borders = dict[int | None, list[int]]()
    for lines in (None, 480):
        options = StylizeOptions(max_height=lines, faces="plain")
        stylizer_ = VideoStylizer(always(GeneratorPainter(Striped())), options, Stats())
        (film,) = stylizer_.stylize([frame])
        photo = stylize_picture(frame.picture, Striped(), options, Stats())
        borders[lines] = [stripes(film.picture.y[240]), stripes(photo.y[240])]
    assert borders[480] == [79, 79]
    assert borders[None] == [119, 119]


def test_photos_are_painted_at_the_style_s_lines() -> None:
    photo, generator = Picture.from_rgb(np.zeros((960, 1280, 3), np.uint8)), Striped()
    generator.stroke_lines = 600
    stylize_picture(photo, generator, StylizeOptions(faces="plain"), Stats())
    assert generator.sizes_wh == [(800, 600)]

"""Contract of generators; add a generator to GENERATORS."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.contracts.implementations import subclasses
from tests.optimize.few_steps import use_few_steps
from tests.textures import noise_image
from tests.toys import save_convolution
from vidstyle.frame import BT601, BT709, ColorSpace, Picture, RGBImage
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.generator import OptimizingGenerator
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import PictureOptimizer
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.abstraction import abstracted
from vidstyle.stylize.catalog import find_style, find_weights, shipped_styles
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.mixture import Mixture
from vidstyle.stylize.smoothing import smoothed

SIZES = [(1, 1), (1, 9), (7, 1), (5, 3), (33, 51), (64, 96)]  # height, width


def float_network(folder: Path) -> OnnxGenerator:
    weight = np.random.default_rng(0).normal(0, 0.2, (3, 3, 1, 1)).astype(np.float32)
    return OnnxGenerator(save_convolution(folder / "float.onnx", weight))


def byte_network(folder: Path) -> OnnxGenerator:
    """Inverts colors, from NxHxWx4 uint8 to the same."""
    white = helper.make_tensor("white", TensorProto.UINT8, [], [255])
    nodes = [
        helper.make_node("Constant", [], ["white"], value=white),
        helper.make_node("Sub", ["white", "x"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["n", "h", "w", 4]) for name in "xy"
    ]
    graph = helper.make_graph(nodes, "toy", ends[:1], ends[1:])
    opsets = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    onnx.save(model, folder / "bytes.onnx")
    return OnnxGenerator(folder / "bytes.onnx")


def shipped(folder: Path, find: Callable[[str], Path], threads: int = 1) -> OnnxGenerator:
    return OnnxGenerator(find(shipped_styles()[0].name), threads)


def mixture(folder: Path) -> Mixture:
    parts: list[tuple[ImageGenerator, float]] = [
        (float_network(folder), 0.7),
        (byte_network(folder), 0.3),
    ]
    return Mixture([(Mixture(parts), 0.5), (shipped(folder, find_style), 0.5)])


def optimizer(folder: Path) -> OptimizingGenerator:
    features = load_features("slim")
    painting = StyleTarget(noise_image(64, 64, seed=9, blur=1), features, Cache(folder / "cache"))
    limits = MemoryLimits(10**6, 10**6, 10**6)
    return OptimizingGenerator(
        PictureOptimizer(features, painting, limits, PictureLossWeights()), None
    )


@dataclass(frozen=True)
class Kind:
    """A way to make a generator."""

    generator: type
    name: str
    make: Callable[[Path], ImageGenerator]
    sizes: tuple[tuple[int, int], ...] = tuple(SIZES)


GENERATORS = [
    Kind(OnnxGenerator, "float network", float_network),
    Kind(OnnxGenerator, "byte network", byte_network),
    Kind(OnnxGenerator, "shipped float32", lambda folder: shipped(folder, find_weights)),
    Kind(OnnxGenerator, "shipped int8", lambda folder: shipped(folder, find_style)),
    Kind(OnnxGenerator, "two threads", lambda folder: shipped(folder, find_style, 2)),
    Kind(Mixture, "mixture", mixture),
    Kind(OptimizingGenerator, "optimizer", optimizer, ((1, 1), (33, 51))),
]
each = pytest.mark.parametrize("kind", GENERATORS, ids=lambda kind: kind.name)
each_size = pytest.mark.parametrize(
    ("kind", "size"),
    [pytest.param(k, size, id=f"{k.name} {size}") for k in GENERATORS for size in k.sizes],
)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    use_few_steps(monkeypatch.setattr)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Kind], ImageGenerator]:
    """Make each generator once."""

    @cache
    def make(kind: Kind) -> ImageGenerator:
        return kind.make(tmp_path_factory.mktemp("generator"))

    return make


Made = Callable[[Kind], ImageGenerator]


def test_every_generator_of_the_package_is_listed() -> None:
    assert {kind.generator for kind in GENERATORS} == subclasses(ImageGenerator)


@each_size
def test_a_painting_has_the_shape_and_type_of_its_picture(
    kind: Kind, made: Made, size: tuple[int, int]
) -> None:
    painted = made(kind).paint(noise_image(*size))
    assert painted.shape == (*size, 3)
    assert painted.dtype == np.uint8
    assert painted.flags.c_contiguous


@each
def test_the_picture_is_neither_changed_nor_shared(kind: Kind, made: Made) -> None:
    image = noise_image(33, 51)
    kept = image.copy()
    image.flags.writeable = False
    painted = made(kind).paint(image)
    np.testing.assert_array_equal(image, kept)
    assert not np.shares_memory(painted, image)
    assert painted.flags.writeable


@each
def test_a_painting_is_the_same_however_often_and_where_it_is_painted(
    kind: Kind, made: Made
) -> None:
    """From several threads at once too, and after pictures of other sizes."""
    generator, images = made(kind), [noise_image(33, 51, seed) for seed in range(3)]
    alone = [generator.paint(image) for image in images]
    generator.paint(noise_image(20, 40))
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(generator.paint, images))
    for first, second in zip(alone, together, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(alone[0], alone[1])


@each
def test_views_of_other_strides_are_painted_as_their_copies(kind: Kind, made: Made) -> None:
    image = noise_image(66, 102)
    for part in (image[::2, ::2], image[::-2, ::-2], image[:33, :51, ::-1]):
        copy = np.ascontiguousarray(part)
        np.testing.assert_array_equal(made(kind).paint(part), made(kind).paint(copy))


@each
@pytest.mark.parametrize("color", [ColorSpace(BT601), ColorSpace(BT709, full_range=True)])
def test_a_picture_keeps_its_size_and_color_space(
    kind: Kind, made: Made, color: ColorSpace
) -> None:
    picture = Picture.from_rgb(noise_image(33, 51), color)
    generator = made(kind)
    painted = generator.paint_picture(picture)
    assert (painted.width, painted.height, painted.color) == (51, 33, color)
    calm = abstracted(picture, generator.abstraction)
    rough = Picture.from_rgb(generator.paint(calm.to_rgb()), color)
    np.testing.assert_array_equal(painted.y, smoothed(rough, calm, generator.smoothing).y)


@each
@pytest.mark.parametrize(
    ("image", "error"),
    [
        ([[[1, 2, 3]]], TypeError),
        (np.zeros((8, 8, 3), np.float32), TypeError),
        (np.zeros((8, 8), np.uint8), ValueError),
        (np.zeros((8, 8, 4), np.uint8), ValueError),
        (np.zeros((0, 8, 3), np.uint8), ValueError),
        (np.zeros((1, 8, 8, 3), np.uint8), ValueError),
    ],
    ids=["list", "float32", "gray", "RGBA", "empty", "batch"],
)
def test_what_is_no_rgb_picture_is_refused_in_one_line(
    kind: Kind, made: Made, image: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="An image must be") as raised:
        made(kind).paint(image)
    assert "\n" not in str(raised.value)


@each
def test_remarks_and_exposure_are_as_declared(kind: Kind, made: Made) -> None:
    generator = made(kind)
    image: RGBImage = noise_image(33, 51)
    generator.paint(image)
    assert all(isinstance(remark, str) for remark in generator.remarks)
    assert generator.normalizes_exposure in (True, False)

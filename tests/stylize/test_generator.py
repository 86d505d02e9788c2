import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from tests.live.scene import Inverter
from tests.textures import noise_image
from tests.toys import save_adder, save_network
from vidstyle.errors import StyleError
from vidstyle.frame import Picture, RGBImage
from vidstyle.options import SHARPNESS
from vidstyle.stylize.abstraction import abstracted
from vidstyle.stylize.catalog import find_style
from vidstyle.stylize.chroma import with_own_chroma
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import GRID, OnnxGenerator
from vidstyle.stylize.mixture import Mixture
from vidstyle.stylize.smoothing import smoothed


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (63, 61), (64, 96), (121, 200)])
def test_any_size_comes_back_as_it_went_in(inverter: Path, size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    painted = OnnxGenerator(inverter).paint(image)
    assert painted.shape == image.shape
    assert np.array_equal(painted, 255 - image)  # the toy inverts colors


def test_channels_keep_their_order(inverter: Path) -> None:
    red = np.tile(np.array([200, 30, 10], np.uint8), (16, 16, 1))
    assert OnnxGenerator(inverter).paint(red)[0, 0].tolist() == [55, 225, 245]


def test_a_picture_keeps_its_color_space(inverter: Path) -> None:
    picture = Picture.from_rgb(np.full((20, 30, 3), 90, np.uint8))
    painted = OnnxGenerator(inverter).paint_picture(picture)
    assert painted.color == picture.color
    assert np.abs(painted.to_rgb().astype(int) - 165).max() <= 1


def test_threads_change_nothing(inverter: Path) -> None:
    image = np.random.default_rng(1).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    one, two = (OnnxGenerator(inverter, threads).paint(image) for threads in (1, 2))
    assert np.array_equal(one, two)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match="There is no file"):
        OnnxGenerator(tmp_path / "none.onnx")


def test_a_broken_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "broken.onnx"
    file.write_bytes(b"not a network at all")
    with pytest.raises(StyleError, match="not a generator that can be run"):
        OnnxGenerator(file)


def test_a_network_that_changes_the_size_is_refused(tmp_path: Path) -> None:
    shape: list[int | str] = [1, 3, "h", "w"]
    pool = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2])
    save_network(tmp_path / "pool.onnx", [pool], shape, shape)
    with pytest.raises(StyleError, match="same size"):
        OnnxGenerator(tmp_path / "pool.onnx")


@pytest.mark.parametrize(
    ("shape", "kind", "taken"),
    [
        ([1, 7], TensorProto.FLOAT, "float 1x7"),
        (["n", 3, "f", "h", "w"], TensorProto.FLOAT, "float nx3xfxhxw"),
        ([1, 1, "h", "w"], TensorProto.FLOAT, "float 1x1xhxw"),
        (["n", "h", "w", 1], TensorProto.UINT8, "uint8 nxhxwx1"),
        ([1, 3, "h", "w"], TensorProto.DOUBLE, "double 1x3xhxw"),
    ],
    ids=["vector", "video", "gray", "gray bytes", "doubles"],
)
def test_a_network_that_takes_no_rgb_picture_is_refused(
    tmp_path: Path, shape: list[int | str], kind: int, taken: str
) -> None:
    identity = helper.make_node("Identity", ["x"], ["y"])
    save_network(tmp_path / "odd.onnx", [identity], shape, shape, kind)
    with pytest.raises(StyleError, match=rf"odd\.onnx takes x \({taken}\)\. A generator takes one"):
        OnnxGenerator(tmp_path / "odd.onnx")


def test_a_network_with_two_inputs_is_refused(tmp_path: Path) -> None:
    file = save_adder(tmp_path / "two.onnx")
    with pytest.raises(StyleError, match=r"takes photo \(.*\) and mask \(.*\)\. A generator takes"):
        OnnxGenerator(file)


def test_a_network_that_does_not_say_what_it_takes_is_tried(tmp_path: Path) -> None:
    identity = helper.make_node("Identity", ["x"], ["y"])
    save_network(tmp_path / "silent.onnx", [identity], None, None)
    image = np.full((20, 30, 3), 77, np.uint8)
    assert np.array_equal(OnnxGenerator(tmp_path / "silent.onnx").paint(image), image)


def test_a_network_of_one_size_is_refused(tmp_path: Path) -> None:
    identity = helper.make_node("Identity", ["x"], ["y"])
    save_network(tmp_path / "fixed.onnx", [identity], [1, 3, 224, 224], [1, 3, 224, 224])
    with pytest.raises(StyleError, match="not a generator that can be run"):
        OnnxGenerator(tmp_path / "fixed.onnx")


MEMORY_TEST = """
import sys
import numpy as np
from pathlib import Path
from vidstyle.stylize.generator import GRID, OnnxGenerator

def resident_mb():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1000

generators = [OnnxGenerator(Path(sys.argv[1])) for _ in range(8)]
image = np.zeros((360, 640, 3), np.uint8)
for _ in range(3):
    generators[0].paint(image)
after_one = resident_mb()
for generator in generators:
    generator.paint(image)
print(resident_mb() - after_one)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory as Linux counts it")
def test_networks_share_the_memory_they_compute_in(inverter: Path) -> None:
    words = [sys.executable, "-c", MEMORY_TEST, str(inverter)]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert float(run.stdout) < 20  # MB; 0 was found, 160 with memory of their own


def test_a_network_that_fails_later_is_said(tmp_path: Path) -> None:
    # Reshape to one fixed size works for the trial picture only.
    shape: list[int | str] = [1, 3, "h", "w"]
    fixed = helper.make_tensor("size", TensorProto.INT64, [4], [1, 3, 64, 96])
    nodes = [
        helper.make_node("Constant", [], ["size"], value=fixed),
        helper.make_node("Reshape", ["x", "size"], ["y"]),
    ]
    save_network(tmp_path / "fixed.onnx", nodes, shape, shape)
    generator = OnnxGenerator(tmp_path / "fixed.onnx")
    with pytest.raises(StyleError, match="failed on a picture of 30x20"):
        generator.paint(np.zeros((20, 30, 3), np.uint8))


@pytest.fixture
def byte_inverter(tmp_path: Path) -> Path:
    """Inverts colors as the toy does, but takes and gives NxHxWx4 uint8."""
    white = helper.make_tensor("white", TensorProto.UINT8, [], [255])
    nodes = [
        helper.make_node("Constant", [], ["white"], value=white),
        helper.make_node("Sub", ["white", "x"], ["y"]),
    ]
    shape: list[int | str] = ["n", "h", "w", 4]
    save_network(tmp_path / "bytes.onnx", nodes, shape, shape, TensorProto.UINT8)
    return tmp_path / "bytes.onnx"


@pytest.mark.parametrize("size", [(1, 1), (63, 61), (121, 200)])
def test_a_network_for_bytes_paints_the_same(
    inverter: Path, byte_inverter: Path, size: tuple[int, int]
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    by_float, by_bytes = (OnnxGenerator(f).paint(image) for f in (inverter, byte_inverter))
    assert np.array_equal(by_float, by_bytes)
    assert by_bytes.flags.c_contiguous


def test_a_network_from_bytes_to_floats_is_refused(tmp_path: Path) -> None:
    cast = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)
    shape: list[int | str] = ["n", "h", "w", 4]
    save_network(
        tmp_path / "mixed.onnx", [cast], shape, shape, TensorProto.UINT8, TensorProto.FLOAT
    )
    with pytest.raises(StyleError, match="turns uint8 into float32"):
        OnnxGenerator(tmp_path / "mixed.onnx")


@pytest.mark.parametrize(("word", "sharpness"), [(None, SHARPNESS), ("0", 0.0), ("1.25", 1.25)])
def test_the_file_says_how_much_its_paintings_are_sharpened(
    inverter: Path, tmp_path: Path, word: str | None, sharpness: float
) -> None:
    model = onnx.load(inverter)
    helper.set_model_props(model, {} if word is None else {"sharpness": word})
    onnx.save(model, tmp_path / "sharp.onnx")
    generator = OnnxGenerator(tmp_path / "sharp.onnx")
    assert generator.finish.sharpness == sharpness
    half = Mixture([(generator, 0.5), (OnnxGenerator(inverter), 0.5)])
    assert half.finish.sharpness == (sharpness + SHARPNESS) / 2


@pytest.mark.parametrize("word", ["much", "-1", "nan", "3"])
def test_a_sharpness_that_is_none_is_refused(inverter: Path, tmp_path: Path, word: str) -> None:
    model = onnx.load(inverter)
    helper.set_model_props(model, {"sharpness": word})
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(StyleError, match=f'sharpness "{word}", not a number 0..2'):
        OnnxGenerator(tmp_path / "odd.onnx")


def test_the_file_names_the_finish_of_its_paintings(inverter: Path, tmp_path: Path) -> None:
    model = onnx.load(inverter)
    finish = {"contrast": 1.2, "brightness": -0.1, "clarity": 0.6, "saturation": 1.3}
    helper.set_model_props(model, {name: str(value) for name, value in finish.items()})
    onnx.save(model, tmp_path / "graded.onnx")
    assert OnnxGenerator(tmp_path / "graded.onnx").finish == Finish(**finish)


def test_the_file_says_how_much_of_the_own_chroma_comes_back(
    inverter: Path, tmp_path: Path
) -> None:
    model = onnx.load(inverter)
    helper.set_model_props(model, {"own_chroma": "0.8"})
    onnx.save(model, tmp_path / "own.onnx")
    photo = Picture.from_rgb(np.full((32, 32, 3), (200, 90, 40), np.uint8))
    own, plain = (OnnxGenerator(f).paint_picture(photo) for f in (tmp_path / "own.onnx", inverter))
    expected = with_own_chroma(plain, photo, 0.8)
    for found, wanted in zip(own.planes, expected.planes, strict=True):
        assert np.array_equal(found, wanted)
    half = Mixture([(OnnxGenerator(tmp_path / "own.onnx"), 0.5), (OnnxGenerator(inverter), 0.5)])
    assert half.own_chroma == 0.4


def test_the_file_says_how_abstract_pictures_are_painted(inverter: Path, tmp_path: Path) -> None:
    model = onnx.load(inverter)
    helper.set_model_props(model, {"abstraction": "2"})
    onnx.save(model, tmp_path / "calm.onnx")
    photo = Picture.from_rgb(noise_image(64, 96, seed=2) // 16 + 100)
    calm, plain = OnnxGenerator(tmp_path / "calm.onnx"), OnnxGenerator(inverter)
    found = calm.paint_picture(photo)
    assert np.abs(found.y - plain.paint_picture(abstracted(photo, 2.0)).y.astype(int)).max() <= 1
    assert found.y.std() < 0.5 * plain.paint_picture(photo).y.std()
    assert Mixture([(calm, 0.25), (plain, 0.75)]).abstraction == 0.5


def test_the_file_says_how_much_its_strokes_are_smoothed(inverter: Path, tmp_path: Path) -> None:
    model = onnx.load(inverter)
    helper.set_model_props(model, {"smoothing": "2"})
    onnx.save(model, tmp_path / "smooth.onnx")
    photo = Picture.from_rgb(noise_image(64, 96, seed=2))
    smooth, plain = OnnxGenerator(tmp_path / "smooth.onnx"), OnnxGenerator(inverter)
    expected = smoothed(plain.paint_picture(photo), photo, 2.0)
    for found, wanted in zip(smooth.paint_picture(photo).planes, expected.planes, strict=True):
        assert np.array_equal(found, wanted)
    assert Mixture([(smooth, 0.25), (plain, 0.75)]).smoothing == 0.5


def test_a_painting_that_is_not_a_number_is_an_error_and_no_black_picture(tmp_path: Path) -> None:
    """The square root of what is left to a half: none for bright pixels."""
    shape: list[int | str] = [1, 3, "h", "w"]
    half = helper.make_tensor("half", TensorProto.FLOAT, [], [0.5])
    nodes = [
        helper.make_node("Constant", [], ["half"], value=half),
        helper.make_node("Sub", ["half", "x"], ["dark"]),
        helper.make_node("Sqrt", ["dark"], ["y"]),
    ]
    file = tmp_path / "root.onnx"
    save_network(file, nodes, shape, shape)
    generator = OnnxGenerator(file)
    image = np.full((20, 30, 3), 100, np.uint8)
    assert generator.paint(image).max() > 0
    image[7, 9, 1] = 200
    with pytest.raises(StyleError, match="in its painting of a picture of 30x20"):
        generator.paint(image)


@pytest.mark.parametrize(
    ("shape", "kind", "taken"),
    [
        ([1, 3, 256, 256], TensorProto.FLOAT, "1x3x256x256"),
        (["n", 3, "h", 64], TensorProto.FLOAT, "nx3xhx64"),
        ([4, 3, "h", "w"], TensorProto.FLOAT, "4x3xhxw"),
        ([1, 64, 96, 4], TensorProto.UINT8, "1x64x96x4"),
    ],
)
def test_the_only_shape_that_a_network_takes_is_said(
    tmp_path: Path, shape: list[int | str], kind: int, taken: str
) -> None:
    identity = helper.make_node("Identity", ["x"], ["y"])
    save_network(tmp_path / "fixed.onnx", [identity], shape, shape, kind)
    with pytest.raises(StyleError, match=rf"run: it takes batches of {taken} only\. Export it"):
        OnnxGenerator(tmp_path / "fixed.onnx")


@pytest.mark.parametrize("style", ["udnie-17k", "udnie", "udnie-220k"])
def test_the_border_is_as_wide_as_the_network_reaches(style: str) -> None:
    image = noise_image(160, 160, seed=2)
    generator = OnnxGenerator(find_style(style))
    border, painted = generator.border, dict[int, RGBImage]()
    for generator.border in (border - GRID, border, border + GRID):
        painted[generator.border] = generator.paint(image)
    assert np.array_equal(painted[border], painted[border + GRID])
    assert not np.array_equal(painted[border], painted[border - GRID])


@pytest.mark.parametrize("scale", [1.5, 2.0])
@pytest.mark.parametrize("size_wh", [(64, 48), (65, 47)])
def test_a_scaled_painting_is_in_place_and_of_the_same_size(
    scale: float, size_wh: tuple[int, int]
) -> None:
    width, height = size_wh
    picture = Picture.from_rgb(noise_image(height, width, blur=4))
    plain, scaled = (Inverter().paint_picture(picture, s) for s in (1.0, scale))
    for before, after in zip(plain.planes, scaled.planes, strict=True):
        assert before.shape == after.shape
        assert np.abs(after.astype(int) - before).mean() < 2


def test_the_network_sees_a_scaled_picture() -> None:
    generator = Inverter()
    generator.paint_picture(Picture.from_rgb(noise_image(48, 64)), 1.5)
    assert generator.sizes == [(72, 96)]


@pytest.mark.parametrize(
    ("lines", "stroke_lines", "scale"),
    [(480, 720, 1.5), (720, 720, 1.0), (360, 720, 2.0), (1080, 720, 1.0), (480, 480, 1.0)],
)
def test_the_painting_scale_brings_strokes_to_size(
    lines: int, stroke_lines: int, scale: float
) -> None:
    generator = Inverter()
    generator.stroke_lines = stroke_lines
    for size in ((lines, 2 * lines, 3), (2 * lines, lines, 3)):
        picture = Picture.from_rgb(np.zeros(size, np.uint8))
        assert generator.painting_scale(picture) == scale


def test_thumbnails_are_painted_as_they_are() -> None:
    small = Picture.from_rgb(np.zeros((144, 176, 3), np.uint8))
    assert Inverter().painting_scale(small) == 1.0

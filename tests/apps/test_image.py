"""One picture: a photo, or one frame of a video."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.clips import Clip, patches, transparent
from vidstyle.apps.arrays import ImageArray
from vidstyle.apps.image import preview_video, stylize_photo
from vidstyle.apps.inputs import PhotoInput
from vidstyle.errors import OptionError, SinkError, SourceError
from vidstyle.flags import with_flags
from vidstyle.media.image_file import open_photo, read_photo, write_photo
from vidstyle.media.output_lock import output_lock
from vidstyle.options import StylizeOptions
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.generator_pool import load_generator

pytestmark = pytest.mark.usefixtures("no_faces")
COLORFUL = patches(64, 48)
MIDDLES = np.ix_([12, 36], [16, 48])


def test_a_photo_is_painted(tmp_path: Path, inverting: StylizeOptions) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    result = stylize_photo(tmp_path / "a.png", None, inverting)
    assert (result.output, result.image) == (tmp_path / "a.inverter.png", None)
    painted = read_photo(tmp_path / "a.inverter.png")
    assert painted.shape == COLORFUL.shape
    assert np.abs(painted[MIDDLES] - (255 - COLORFUL[MIDDLES].astype(int))).max() < 6


def test_a_photo_without_style_is_the_photo(tmp_path: Path, inverting: StylizeOptions) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    stylize_photo(tmp_path / "a.png", tmp_path / "b.png", replace(inverting, strength=0))
    painted = read_photo(tmp_path / "b.png")
    assert np.abs(painted[MIDDLES].astype(int) - COLORFUL[MIDDLES]).max() <= 3


@pytest.mark.parametrize("only", ["person", "background"])
def test_a_photo_without_persons_is_all_background(
    only: str, tmp_path: Path, inverting: StylizeOptions
) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    result = stylize_photo(tmp_path / "a.png", None, replace(inverting, only=only))
    assert result.output is not None
    painted = read_photo(result.output)[MIDDLES].astype(int)
    wanted = COLORFUL[MIDDLES].astype(int)
    wanted = wanted if only == "person" else 255 - wanted
    assert np.abs(painted - wanted).max() < 6


@pytest.mark.usefixtures("shelf")
def test_a_preview_is_painted_in_the_style_of_its_time(tmp_path: Path) -> None:
    white = np.full((48, 64, 3), 255, np.uint8)  # "negative" paints it black
    film = Clip(picture=white).write(tmp_path / "in.mp4")
    for start, bright in ((0.1, False), (0.3, True)):
        options = StylizeOptions(style="0:negative 0.2:white/1s", start=start, overwrite=True)
        result = preview_video(film, None, options)
        assert result.output == tmp_path / "in.negative-to-white.png"
        painted = read_photo(tmp_path / "in.negative-to-white.png")
        assert (painted > 128).all() == bright


def test_a_photo_has_one_style(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    by_time = StylizeOptions(style="0:udnie 3:scream")
    for options in (by_time, StylizeOptions(style_per_scene="udnie,scream")):
        with pytest.raises(OptionError, match="A photo has one style, not several"):
            stylize_photo(tmp_path / "a.png", None, options)


@pytest.mark.parametrize("size_wh", [(1, 1), (2, 7), (33, 21)])
def test_tiny_and_odd_photos_keep_their_size(
    tmp_path: Path, inverting: StylizeOptions, size_wh: tuple[int, int]
) -> None:
    write_photo(tmp_path / "a.png", patches(*size_wh))
    stylize_photo(tmp_path / "a.png", None, inverting)
    assert read_photo(tmp_path / "a.inverter.png").shape == (size_wh[1], size_wh[0], 3)


def test_a_preview_is_the_frame_at_the_start_asked_for(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    path = Clip(frames=30).write(tmp_path / "in.mp4")
    untouched = replace(inverting, strength=0, start=0.8)
    preview_video(path, tmp_path / "a.png", untouched)
    square = read_photo(tmp_path / "a.png")[16:32, 40:56]  # frame 20 has it at x = 40
    assert square[..., 0].min() > 180


@pytest.mark.parametrize("frames", [1, 2, 30])
def test_a_preview_of_any_length_works(
    tmp_path: Path, inverting: StylizeOptions, frames: int
) -> None:
    path = Clip(frames=frames).write(tmp_path / "in.mp4")
    result = preview_video(path, None, inverting)
    assert result.output == tmp_path / "in.inverter.png"
    assert read_photo(tmp_path / "in.inverter.png").shape == (48, 64, 3)


def test_bad_input_and_existing_output_are_refused(
    tmp_path: Path, inverting: StylizeOptions
) -> None:
    (tmp_path / "a.png").write_text("no picture")
    with pytest.raises(SourceError, match="not a picture"):
        stylize_photo(tmp_path / "a.png", None, inverting)
    with pytest.raises(SinkError, match="is the input itself"):
        stylize_photo(tmp_path / "a.png", tmp_path / "a.png", inverting)
    write_photo(tmp_path / "b.png", COLORFUL)
    (tmp_path / "b.inverter.png").touch()
    with pytest.raises(SinkError, match="exists"):
        stylize_photo(tmp_path / "b.png", None, inverting)


@pytest.mark.usefixtures("shelf")
def test_a_mix_is_one_picture_named_after_its_styles(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    result = stylize_photo(tmp_path / "a.png", None, StylizeOptions(style="negative:0.6,white:0.4"))
    assert result.output == tmp_path / "a.negative-60+white-40.png"
    assert result.style == "negative-60+white-40"
    painted = read_photo(tmp_path / "a.negative-60+white-40.png")
    assert np.abs(painted[MIDDLES] - (255 - 0.6 * COLORFUL[MIDDLES])).max() < 6


def painted_back(input: PhotoInput, options: StylizeOptions) -> ImageArray:
    result = stylize_photo(input, options=options)
    assert (result.input, result.output, result.output_bytes) == (None, None, 0)
    assert result.image is not None
    return result.image


def test_an_array_comes_back_painted(inverting: StylizeOptions) -> None:
    painted = painted_back(COLORFUL, inverting)
    assert np.abs(painted[MIDDLES] - (255 - COLORFUL[MIDDLES].astype(int))).max() < 6
    assert painted_back(COLORFUL[..., 0], inverting).shape == COLORFUL.shape


def test_a_file_object_comes_back_painted(tmp_path: Path, inverting: StylizeOptions) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    from_memory = painted_back(io.BytesIO((tmp_path / "a.png").read_bytes()), inverting)
    with (tmp_path / "a.png").open("rb") as file:
        assert np.array_equal(painted_back(file, inverting), from_memory)
    assert np.array_equal(painted_back(COLORFUL, inverting), from_memory)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("mode", ["RGB", "P", "CMYK", "YCbCr"])
def test_a_pil_image_comes_back_painted(inverting: StylizeOptions, mode: str) -> None:
    image = Image.fromarray(COLORFUL).convert(mode)
    wanted = painted_back(np.asarray(image.convert("RGB")), inverting)
    assert np.array_equal(painted_back(image, inverting), wanted)


@pytest.mark.parametrize("mode", ["L", "1", "LA", "RGBA"])
def test_gray_and_transparent_pil_images_follow_the_rules(
    inverting: StylizeOptions, mode: str
) -> None:
    painted = painted_back(Image.fromarray(COLORFUL).convert(mode), inverting)
    assert painted.shape[2] == (4 if "A" in mode else 3)


def test_a_palette_may_be_transparent(inverting: StylizeOptions) -> None:
    image = Image.fromarray(COLORFUL).quantize(4)
    image.info["transparency"] = image.getpixel((0, 0))
    painted = painted_back(image, inverting)
    assert (painted[0, 0, 3], painted[-1, -1, 3]) == (0, 255)


def test_alpha_is_kept_in_arrays_and_png_files(tmp_path: Path, inverting: StylizeOptions) -> None:
    clear = np.dstack([COLORFUL, COLORFUL[..., 0]])
    assert np.array_equal(painted_back(clear, inverting)[..., 3], COLORFUL[..., 0])
    resized = painted_back(clear, replace(inverting, resize=True, max_height=24))
    assert resized.shape == (24, 32, 4)
    assert painted_back(clear, replace(inverting, compare=True)).shape == (48, 128, 3)
    result = stylize_photo(clear, tmp_path / "a.png", inverting)
    assert (result.output, result.image) == (tmp_path / "a.png", None)
    alpha = open_photo(tmp_path / "a.png").alpha
    assert np.array_equal(alpha if alpha is not None else (), COLORFUL[..., 0])


@pytest.mark.parametrize(
    ("input", "error", "message"),
    [
        (COLORFUL / 255, TypeError, "not float64. Multiply"),
        (COLORFUL[..., :2], ValueError, "not 48x64x2"),
        (Image.new("I;16", (4, 4)), TypeError, 'mode "I;16" has more than 8 bits'),
        (Image.new("F", (4, 4)), TypeError, 'mode "F" has more than 8 bits'),
        (io.StringIO("text"), TypeError, "must be binary"),
        (io.BytesIO(b"text"), SourceError, "input is not a picture"),
        (io.BytesIO(), SourceError, "input is not a picture"),
        (7, TypeError, "cannot be int. Give a path"),
    ],
)
def test_other_inputs_are_refused_in_one_line(
    inverting: StylizeOptions, input: PhotoInput, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        stylize_photo(input, options=inverting)
    assert "\n" not in str(raised.value)


def test_a_preview_of_a_file_object_comes_back(tmp_path: Path, inverting: StylizeOptions) -> None:
    path = Clip(picture=COLORFUL).write(tmp_path / "in.mp4")
    result = preview_video(io.BytesIO(path.read_bytes()), options=inverting)
    assert result.image is not None
    assert np.abs(result.image[MIDDLES] - (255 - COLORFUL[MIDDLES].astype(int))).max() < 12
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]
    with pytest.raises(SourceError, match="input is no"):
        preview_video(io.BytesIO(b"text"), options=inverting)
    with pytest.raises(TypeError, match="cannot be ndarray"):
        preview_video(COLORFUL, options=inverting)  # type: ignore[arg-type]


def test_a_file_that_appears_during_the_work_is_not_replaced(
    tmp_path: Path, inverting: StylizeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photo(tmp_path / "a.png", COLORFUL)
    output = tmp_path / "out.png"

    def load_slowly(style: str, provider: str) -> ImageGenerator:
        output.write_text("precious")
        return load_generator(style, provider=provider)

    monkeypatch.setattr("vidstyle.apps.image.load_generator", load_slowly)
    with pytest.raises(SinkError, match=r"was not replaced\. The finished result is .*out-2\.png"):
        stylize_photo(tmp_path / "a.png", output, inverting)
    assert output.read_text() == "precious"
    assert read_photo(tmp_path / "out-2.png").shape == COLORFUL.shape
    with output_lock(output), pytest.raises(SinkError, match="written by another run"):
        stylize_photo(tmp_path / "a.png", output, replace(inverting, overwrite=True))
    stylize_photo(tmp_path / "a.png", output, replace(inverting, overwrite=True))
    assert read_photo(output).shape == COLORFUL.shape


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
def test_transparent_photos_stay_transparent(
    tmp_path: Path, inverting: StylizeOptions, suffix: str
) -> None:
    Image.fromarray(transparent(64, 48)).save(tmp_path / f"a{suffix}")
    result = stylize_photo(tmp_path / f"a{suffix}", None, replace(inverting, strength=0))
    assert result.warnings == []
    photo = open_photo(tmp_path / f"a.inverter{suffix}")
    assert photo.alpha is not None
    assert np.abs(photo.alpha.astype(int) - transparent(64, 48)[..., 3]).max() <= 1
    assert photo.over_white()[:8].min() > 240
    assert np.abs(photo.image[20:28, 24:40].astype(int) - (0, 255, 0)).max() < 12


@pytest.mark.parametrize(("name", "compare"), [("b.jpg", False), ("b.png", True)])
def test_transparent_photos_lie_on_white_where_the_result_is_opaque(
    tmp_path: Path, inverting: StylizeOptions, name: str, compare: bool
) -> None:
    Image.fromarray(transparent(64, 48)).save(tmp_path / "a.png")
    options = replace(inverting, compare=compare, strength=0)
    (note,) = stylize_photo(tmp_path / "a.png", tmp_path / name, options).warnings
    assert note.startswith("transparent parts became white")
    assert ("png keeps them" in note) == (not compare)
    photo = open_photo(tmp_path / name)
    assert photo.alpha is None
    assert photo.image[:8].min() > 240


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_date_place_and_color_profile_stay_with_the_photo(
    tmp_path: Path, inverting: StylizeOptions, suffix: str
) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x0132], exif[0x8825] = 6, "2024:05:06 07:08:09", {1: "N"}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(COLORFUL).save(tmp_path / "a.jpg", exif=exif, icc_profile=profile)
    result = stylize_photo(tmp_path / "a.jpg", tmp_path / f"b{suffix}", inverting)
    assert result.warnings == []
    with Image.open(tmp_path / f"b{suffix}") as painted:
        assert painted.size == (48, 64)  # upright
        found = painted.getexif()
        assert painted.info["icc_profile"] == profile
    assert (found[0x0112], found[0x0132]) == (1, "2024:05:06 07:08:09")
    assert found.get_ifd(0x8825) == {1: "N"}


@pytest.mark.parametrize(
    ("name", "profile_bytes", "lost"),
    [
        ("b.bmp", 800, "EXIF (date, place), color profile"),
        ("b.jpg", 70_000, "color profile"),
    ],
)
def test_metadata_that_the_format_does_not_hold_is_said(
    tmp_path: Path, inverting: StylizeOptions, name: str, profile_bytes: int, lost: str
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile_bytes.to_bytes(4) + profile[4:].ljust(profile_bytes - 4, b"\0")
    exif = Image.Exif()
    exif[0x0132] = "2024:05:06 07:08:09"
    Image.fromarray(COLORFUL).save(tmp_path / "a.png", exif=exif, icc_profile=profile)
    (note,) = stylize_photo(tmp_path / "a.png", tmp_path / name, inverting).warnings
    assert note == f"left out: {lost} of the photo; .png keeps them"


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_only_the_first_picture_of_an_animation_is_painted_and_that_is_said(
    tmp_path: Path, inverting: StylizeOptions, suffix: str
) -> None:
    first, second = Image.fromarray(COLORFUL), Image.fromarray(COLORFUL[::-1])
    first.save(tmp_path / f"a{suffix}", save_all=True, append_images=[second], duration=50)
    (note,) = stylize_photo(tmp_path / f"a{suffix}", tmp_path / "b.png", inverting).warnings
    assert with_flags(note) == (
        "only the first picture of the file was painted; animations are converted as videos "
        "(vidstyle convert)"
    )

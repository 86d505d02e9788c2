"""Measures of delivered pictures against constructed pictures; then the whole command, small."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from tests.toys import save_convolution
from tools.evaluation import delivered
from tools.evaluation.delivered import at_lines, main, marked_photos, peer_methods
from tools.evaluation.picture_measures import (
    FINE_PX,
    MIDDLE_PX,
    Marks,
    band_correlation,
    eye_contrast,
    face_deviation,
    lab_planes,
    mean_measures,
    measures,
    read_marks,
)
from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import write_photo

SIDE = 96  # px
WHOLE = (0.0, 0.0, 1.0, 1.0)
MARKS = Marks((WHOLE,), ((0.25, 0.25, 0.5, 0.5),))
SHIPPED_MARKS = Path(delivered.__file__).with_name("marks.json")


def textured(seed: int = 0) -> RGBImage:
    """Noise with detail in both bands."""
    return noise_image(SIDE, SIDE, seed, blur=0.8)


def plain(*color: int) -> RGBImage:
    return np.full((SIDE, SIDE, 3), color, np.uint8)


def blurred(image: RGBImage, sigma: float) -> RGBImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def halves(dark: int, light: int) -> RGBImage:
    """Left half dark, right half light gray."""
    image = plain(dark, dark, dark)
    image[:, SIDE // 2 :] = light
    return image


def test_a_photo_measured_against_itself_has_all_its_detail() -> None:
    found = measures(textured(), textured(), MARKS)
    assert found["fine"] == pytest.approx(1)
    assert found["middle"] == pytest.approx(1)
    assert found["eyes"] == pytest.approx(1)


def test_unrelated_noise_has_none_of_the_detail() -> None:
    found = measures(textured(1), textured(2), Marks())
    assert abs(found["fine"]) < 0.05
    assert abs(found["middle"]) < 0.2


def test_a_negative_has_the_detail_reversed() -> None:
    negative = np.asarray(255 - textured(), np.uint8)
    assert measures(negative, textured(), Marks())["fine"] == pytest.approx(-1, abs=1e-3)


def test_blur_loses_more_of_the_fine_band_than_of_the_middle_one() -> None:
    found = measures(blurred(textured(), 1.5), textured(), Marks())
    assert found["fine"] < 0.7
    assert found["middle"] > 0.95


def test_another_fine_texture_changes_the_fine_band_alone() -> None:
    coarse = noise_image(SIDE, SIDE, 0, blur=3) // 4 * 3
    first, second = (coarse + noise_image(SIDE, SIDE, seed, blur=0.5) // 8 for seed in (1, 2))
    found = measures(first, second, Marks())
    assert abs(found["fine"]) < 0.3
    assert found["middle"] > 0.95


def test_a_plain_picture_correlates_with_none() -> None:
    luma = np.zeros((SIDE, SIDE), np.float32)
    noise = np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32)
    assert band_correlation(luma, noise, FINE_PX) == 0
    assert band_correlation(noise, noise, MIDDLE_PX) == pytest.approx(1)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((119, 119, 119), (50, 0, 0)),
        ((255, 0, 0), (53.2, 80.1, 67.2)),
        ((0, 0, 255), (32.3, 79.2, -107.9)),
    ],
)
def test_lab_has_the_published_values(
    rgb: tuple[int, int, int], lab: tuple[float, float, float]
) -> None:
    assert lab_planes(plain(*rgb))[0, 0] == pytest.approx(lab, abs=0.5)


def test_chroma_and_darkest_of_a_plain_picture_are_its_color() -> None:
    found = measures(plain(255, 0, 0), textured(), Marks())
    assert found["chroma"] == pytest.approx(104.6, abs=0.5)
    assert found["darkest"] == pytest.approx(53.2, abs=0.5)
    assert found["spread_a"] == pytest.approx(0, abs=1e-3)


def test_darkest_is_the_black_of_a_picture_with_three_percent_of_it() -> None:
    picture = plain(200, 200, 200)
    picture[:3] = 0
    assert measures(picture, picture, Marks())["darkest"] == pytest.approx(0, abs=1e-3)


def test_spread_of_a_is_half_the_distance_of_two_halves() -> None:
    picture = plain(128, 128, 128)
    picture[:, SIDE // 2 :] = (255, 0, 0)
    assert measures(picture, picture, Marks())["spread_a"] == pytest.approx(40.05, abs=0.2)


def test_face_deviation_of_black_and_white_halves_is_fifty() -> None:
    lightness = lab_planes(halves(0, 255))[..., 0]
    assert face_deviation(lightness, WHOLE) == pytest.approx(50, abs=0.1)


def test_face_deviation_leaves_the_corners_out() -> None:
    lightness = np.zeros((SIDE, SIDE), np.float32)
    lightness[:8, :8] = lightness[-8:, -8:] = 100
    assert face_deviation(lightness, WHOLE) == 0


def test_eye_contrast_doubles_with_the_lightness() -> None:
    lightness = lab_planes(halves(60, 120))[..., 0]
    assert eye_contrast(2 * lightness, lightness, WHOLE) == pytest.approx(2)


def test_eye_contrast_looks_inside_the_box_alone() -> None:
    lightness = lab_planes(halves(60, 120))[..., 0]
    changed = lightness.copy()
    changed[:20] = 0
    box = (0.25, 0.5, 0.75, 1.0)
    assert eye_contrast(changed, lightness, box) == pytest.approx(1)


def test_pictures_without_marks_have_no_face_or_eye_measures() -> None:
    assert not {"face", "eyes"} & measures(textured(), textured(), Marks()).keys()


def test_means_count_the_pictures_that_have_the_measure() -> None:
    assert mean_measures([{"fine": 1, "eyes": 2}, {"fine": 0}]) == {"fine": 0.5, "eyes": 2}


def test_marks_of_the_repository_are_readable() -> None:
    marks = read_marks(SHIPPED_MARKS)
    assert len(marks) == 12
    assert all(len(one.eyes) == 2 * len(one.faces) for one in marks.values())


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"a.jpg": {"faces": []}}', '{"a.jpg": {"faces": [[0, 0, 2, 1]], "eyes": []}}'],
)
def test_malformed_marks_are_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "marks.json"
    file.write_text(text)
    with pytest.raises(SourceError, match=r"marks\.json has no marks of the form"):
        read_marks(file)


def test_missing_marks_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"Cannot read .*marks\.json"):
        read_marks(tmp_path / "marks.json")


def test_marks_of_other_photos_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="None of the photos"):
        marked_photos(tmp_path, SHIPPED_MARKS, 12)


def test_a_folder_without_peers_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no peer network"):
        peer_methods(tmp_path)


@pytest.mark.parametrize("lines", [48, 200])
def test_photos_get_the_asked_short_side(lines: int) -> None:
    assert at_lines(np.zeros((96, 192, 3), np.uint8), lines).shape == (lines, 2 * lines, 3)


def test_the_command_measures_each_mode_at_each_height(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_photo(tmp_path / "face.png", noise_image(64, 80))
    marks = tmp_path / "marks.json"
    marks.write_text('{"face.png": {"faces": [[0, 0, 1, 1]], "eyes": [[0.2, 0.2, 0.6, 0.6]]}}')
    save_convolution(tmp_path / "peer-udnie.onnx", np.zeros((3, 3, 1, 1), np.float32))
    places = ["--photos", str(tmp_path), "--marks", str(marks), "--peers", str(tmp_path)]
    results = tmp_path / "delivered.json"
    asked = ["--styles", "great-wave", "--heights", "48,96", "--json", str(results)]
    assert main([*places, *asked]) == 0
    assert "As delivered" in capsys.readouterr().out
    rows = json.loads(results.read_text())["rows"]
    modes = ["", "file", "live", "enlarged plainly"]
    assert [(row["lines"], row["mode"]) for row in rows] == [
        (lines, mode) for lines in (48, 96) for mode in modes
    ]
    assert rows[0]["fine"] == pytest.approx(1)
    assert all(row["eyes"] >= 0 and row["face"] >= 0 for row in rows)
    assert rows[3]["face"] == 0  # the toy paints one color


def test_the_command_reports_errors_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--photos", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("delivered: There is no folder")

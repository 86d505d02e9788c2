"""Each measurement against a formula or a constructed case; then the whole command, small."""

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.perceptual.weights import (
    lpips_shapes,
    random_state,
    write_random_mobilenet,
    write_random_weights,
)
from tests.textures import noise_image
from tests.toys import save_convolution
from tools import scenery
from tools.evaluate import main
from tools.evaluation import candidates
from tools.evaluation.candidates import (
    Candidate,
    named_candidates,
    peer_candidates,
    predicted_candidates,
    shipped_candidates,
)
from tools.evaluation.grid import grid_ratios
from tools.evaluation.inputs import clip_files, photo_files, read_photos, spread
from tools.evaluation.random_features import RandomFeatures
from tools.evaluation.sheet import GAP, write_sheet
from tools.evaluation.speed import bare_ms
from tools.evaluation.steadiness import (
    Reel,
    Step,
    clip_reel,
    noise_gain,
    painted,
    sample_reel,
    unsteadiness,
    unstyled,
)
from tools.evaluation.style import Judge, feature_distance, second_judge, squeezenet_judge
from tools.evaluation.table import Row, markdown
from tools.evaluation.trials import against_peer
from tools.samples.arpeggio import arpeggio
from tools.samples.make import SOUND_RATE, write_clip
from vidstyle.errors import SourceError, StyleError
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.losses import style_loss
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.stylize.catalog import Style

SIDE = 80  # px
SHIFT = 3  # px a frame


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "random.npz"
    write_random_weights(file)
    return file


@pytest.fixture(scope="module")
def judge(weights: Path) -> Judge:
    return squeezenet_judge(weights, SIDE)


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    return written(tmp_path / "painting.png", noise_image(SIDE, 100, seed=5))


def written(file: Path, image: RGBImage) -> Path:
    file.parent.mkdir(exist_ok=True)
    write_photo(file, image)
    return file


def plain(level: int) -> RGBImage:
    return np.full((SIDE, SIDE, 3), level, np.uint8)


def identity(image: RGBImage) -> RGBImage:
    return image


# --- style


def test_the_painting_itself_has_no_style_loss(judge: Judge, painting: Path) -> None:
    image = read_photo(painting)
    opinion = judge.opinion(image, 255 - image, painting)
    assert opinion.style == pytest.approx(0, abs=1e-6)
    assert opinion.content > 0 and opinion.difference > 0


def test_the_photo_itself_has_no_content_distance(judge: Judge, painting: Path) -> None:
    photo = noise_image(SIDE, SIDE)
    opinion = judge.opinion(photo, photo, painting)
    assert (opinion.content, opinion.difference) == (0, 0)
    assert opinion.style > 0


def test_style_is_the_sum_over_layers_of_gram_distances_over_the_painting_s_square(
    judge: Judge, weights: Path, painting: Path
) -> None:
    image = noise_image(SIDE, SIDE, seed=1)
    network = SqueezeNet(weights, strides=(2,))
    expected = {}
    seen, target = (network(as_batch(picture)) for picture in (image, read_photo(painting)))
    for name in seen:
        own, wanted = (slow_gram(maps[name][0].numpy()) for maps in (seen, target))
        expected[name] = np.square(own - wanted).sum() / np.square(wanted).sum()
    opinion = judge.opinion(image, image, painting)
    assert dict(opinion.layers) == pytest.approx(expected, rel=1e-3)
    assert opinion.style == pytest.approx(sum(expected.values()), rel=1e-3)


def test_the_second_judge_is_a_network_by_its_name(painting: Path, tmp_path: Path) -> None:
    write_random_mobilenet(tmp_path / "mobilenet.pth")
    judge = second_judge("mobilenet_v3_large", tmp_path / "mobilenet.pth", SIDE)
    image = read_photo(painting)
    opinion = judge.opinion(image, 255 - image, painting)
    assert list(opinion.layers) == ["conv1", "block1", "block3", "block6", "block10"]
    assert opinion.style == pytest.approx(0, abs=1e-6)
    assert opinion.content > 0


def as_batch(image: RGBImage) -> torch.Tensor:
    return torch.tensor(image.transpose(2, 0, 1)[None] / 255, dtype=torch.float32)


def slow_gram(maps: NDArray[np.float32]) -> NDArray[np.float64]:
    vectors = maps.reshape(len(maps), -1).astype(np.float64)
    total = np.zeros((len(maps), len(maps)))
    for vector in vectors.T:
        total += np.outer(vector, vector)
    return total / vectors.shape[1]


def test_feature_distance_compares_directions_only() -> None:
    first = torch.tensor([3.0, 0.0]).view(1, 2, 1, 1)
    assert feature_distance(5 * first, first) == 0
    assert feature_distance(first.flip(1), first) == pytest.approx(2)


# --- grid


def test_the_photo_itself_has_no_grid() -> None:
    photos = [noise_image(SIDE, 130, seed) for seed in range(2)]
    assert grid_ratios(photos, photos) == {4: 1, 2: 1}


def test_contrast_and_light_are_no_grid() -> None:
    photo = noise_image(SIDE, SIDE, blur=0.6)
    other = np.asarray(photo * 0.8 + 20, np.uint8)
    assert grid_ratios([other], [photo]) == pytest.approx({4: 1, 2: 1}, abs=0.1)


@pytest.mark.parametrize("upright", [False, True])
def test_a_pattern_shows_at_its_period_only(upright: bool) -> None:
    photo = noise_image(SIDE, SIDE)
    for period, pattern in ((4, (0, 6, 12, 6)), (2, (0, 6))):
        columns = np.resize(np.array(pattern, np.uint8), SIDE)
        grid = columns[:, None, None] if upright else columns[:, None]
        ratios = grid_ratios([photo + grid], [photo])
        assert ratios[period] > 10
        assert ratios[6 - period] == pytest.approx(1, abs=0.2)


def test_a_faint_checkerboard_shows() -> None:
    photo = noise_image(SIDE, SIDE)
    board = np.indices((SIDE, SIDE)).sum(axis=0) % 2
    assert grid_ratios([photo + board[..., None].astype(np.uint8)], [photo])[2] > 1.5


# --- steadiness


def still(images: Sequence[RGBImage], step: Step | None) -> Reel:
    frames = [Frame(Picture.from_rgb(im), i, Fraction(1, 25)) for i, im in enumerate(images)]
    return Reel("still", frames, [step] * (len(frames) - 1))


def no_motion(height: int, width: int) -> Step:
    return Step(np.zeros((height, width, 2), np.float16), np.ones((height, width), np.bool_))


def moving(count: int) -> list[RGBImage]:
    """A texture that moves to the left."""
    wide = noise_image(96, 160 + SHIFT * count)
    return [np.ascontiguousarray(wide[:, SHIFT * i : SHIFT * i + 160]) for i in range(count)]


def film(file: Path, images: Sequence[RGBImage]) -> Path:
    size_wh = (images[0].shape[1], images[0].shape[0])
    file.parent.mkdir(exist_ok=True)
    write_clip(file, size_wh, images, arpeggio(1, SOUND_RATE), {"crf": "10"})
    return file


def test_a_step_in_light_is_what_the_errors_say() -> None:
    images = [plain(51), plain(102), plain(102)]
    errors = unsteadiness(images, [no_motion(SIDE, SIDE)] * 2)
    assert errors.e_stab == pytest.approx(0.2 / 2)
    assert errors.e_warp == pytest.approx(0.2**2 / 2)


def test_hidden_pixels_and_cuts_do_not_count() -> None:
    seen = no_motion(SIDE, SIDE)
    hidden = Step(seen.flow_to_previous, np.tri(SIDE, dtype=np.bool_))
    half = np.where(hidden.visible[..., None], plain(51), plain(250))
    assert unsteadiness([plain(51), half], [hidden]).e_warp == 0
    assert unsteadiness([plain(51), half, half], [None, seen]).e_warp == 0


def test_true_flow_explains_a_shift() -> None:
    step = no_motion(96, 160)
    step.flow_to_previous[..., 0] = SHIFT
    step.visible[:, -SHIFT:] = False
    images = moving(4)
    assert unsteadiness(images, [step] * 3).e_warp < 1e-9
    assert unsteadiness(images, [no_motion(96, 160)] * 3).e_warp > 1e-3


def test_the_samples_true_flow_explains_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenery, "FRAME_COUNT", 3)
    reel = sample_reel(36)
    height, width = reel.frames[0].picture.height, reel.frames[0].picture.width
    errors = unsteadiness(unstyled(reel), reel.steps)
    as_if_still = unsteadiness(unstyled(reel), [no_motion(height, width)] * 2)
    assert errors.e_stab**2 <= errors.e_warp < 0.7 * as_if_still.e_warp


def test_sharpness_is_the_mean_step_of_the_luma() -> None:
    slope = np.repeat(np.arange(0, 2 * SIDE, 2, dtype=np.uint8)[None, :, None], SIDE, axis=0)
    images = [np.ascontiguousarray(np.repeat(slope, 3, axis=2))] * 2
    assert unsteadiness(images, [no_motion(SIDE, SIDE)]).sharpness == pytest.approx(2)


def test_flow_of_a_clip_is_estimated(tmp_path: Path) -> None:
    reel = clip_reel(film(tmp_path / "pan.mp4", moving(6)), 4, 1000)
    assert len(reel.frames) == 4
    for step in reel.steps:
        assert step is not None
        middle = step.flow_to_previous[20:-20, 20:-20].astype(float)
        np.testing.assert_allclose(middle.mean(axis=(0, 1)), (SHIFT, 0), atol=0.1)
        assert step.visible[:, :-8].mean() > 0.95 and not step.visible[:, -1].any()
    left_alone = [no_motion(96, 160)] * 3
    images = list(unstyled(reel))
    assert unsteadiness(images, reel.steps).e_warp < 0.02 * unsteadiness(images, left_alone).e_warp


def test_a_clip_s_cut_is_left_out(tmp_path: Path) -> None:
    images = [noise_image(96, 160, seed) for seed in (0, 0, 1, 1)]
    reel = clip_reel(film(tmp_path / "cut.mp4", images), 4, 1000)
    assert [step is None for step in reel.steps] == [False, True, False]


def test_a_clip_is_reduced_to_the_height_asked_for(tmp_path: Path) -> None:
    reel = clip_reel(film(tmp_path / "pan.mp4", moving(2)), 2, 48)
    assert (reel.frames[0].picture.width, reel.frames[0].picture.height) == (80, 48)


def test_one_frame_is_no_clip(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no two frames"):
        clip_reel(film(tmp_path / "still.mp4", moving(1)), 4, 1000)


@pytest.mark.parametrize("every", [1, 3])
def test_a_reel_is_painted_frame_by_frame(inverter: Path, every: int) -> None:
    reel = still([plain(50)] * 5, no_motion(SIDE, SIDE))
    images = list(painted(reel, inverter, every))
    assert len(images) == 5
    np.testing.assert_allclose(images, 205, atol=2)


def test_noise_gain() -> None:
    images = [noise_image(SIDE, SIDE, seed) for seed in range(2)]
    assert noise_gain(identity, images) == 1
    assert noise_gain(lambda image: 255 - image, images) == 1
    assert noise_gain(np.zeros_like, images) == 0
    assert noise_gain(lambda image: np.uint8(2) * (image // 4), images) < 0.8


def test_noise_gain_grows_with_contrast() -> None:
    images = [noise_image(SIDE, SIDE) // 4]
    assert noise_gain(lambda image: np.uint8(3) * image, images) == pytest.approx(3)


# --- speed


def test_the_larger_network_takes_longer(inverter: Path, tmp_path: Path) -> None:
    weight = np.zeros((3, 3, 31, 31), np.float32)
    slow = save_convolution(tmp_path / "slow.onnx", weight)
    times_ms = bare_ms([inverter, slow], (64, 48), rounds=2)  # without padding, 34 columns are left
    assert 0 < times_ms[inverter] < times_ms[slow]


def test_a_network_that_fails_at_a_size_is_named(tmp_path: Path) -> None:
    large = save_convolution(tmp_path / "large.onnx", np.zeros((3, 3, 65, 65), np.float32))
    with pytest.raises(StyleError, match=r"large.onnx fails on 1x3x48x64"):
        bare_ms([large], (64, 48), rounds=1)


# --- what is on trial


def test_a_shipped_style_finds_its_painting(
    monkeypatch: pytest.MonkeyPatch, inverter: Path, painting: Path
) -> None:
    def shipped(file: str) -> list[Candidate]:
        style = Style("ink", "ink.onnx", "", 9, {}, "55k", "MIT", {"file": file}, "by hand")
        monkeypatch.setattr(candidates, "shipped_styles", lambda: [style])
        return shipped_candidates(painting.parent)

    monkeypatch.setattr(candidates, "intact_file", lambda *_: inverter)
    expected = [Candidate("ink", inverter, painting, "55k")]
    assert shipped(painting.name) == expected
    with pytest.raises(SourceError, match="no painting"):
        shipped("nobody.jpg")


def test_pictures_of_a_folder_are_styles_without_a_training(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no pictures"):
        predicted_candidates(tmp_path)
    for name in ("oil", "ink"):
        write_photo(tmp_path / f"{name}.png", noise_image(80, 96, seed=ord(name[0])))
    (tmp_path / "notes.txt").write_text("no picture")
    ink, oil = predicted_candidates(tmp_path)
    assert (ink.name, oil.name) == ("ink", "oil")
    assert oil.painting == (tmp_path / "oil.png").resolve()
    assert ink.file.read_bytes() != oil.file.read_bytes()
    assert oil.int8_file is not None
    assert oil.keeps_limit(oil.bytes)


def test_models_are_named_apart(inverter: Path, painting: Path, tmp_path: Path) -> None:
    copies = [tmp_path / name / "a.onnx" for name in ("first", "second")]
    for copy in copies:
        copy.parent.mkdir()
        copy.write_bytes(inverter.read_bytes())
    arguments = [f"{copy}={painting.name}" for copy in copies]
    first, second = named_candidates(arguments, painting.parent)
    assert (first.name, second.name) == ("first-a", "second-a")
    assert first.painting == second.painting == painting
    assert first.size_class == "17k"
    assert first.keeps_limit(17_408) and not first.keeps_limit(17_409)


def test_peers_without_their_painting_are_skipped(inverter: Path, tmp_path: Path) -> None:
    for name in ("some-wave.onnx", "some-udnie.onnx", "some-rain-princess.onnx"):
        (tmp_path / name).write_bytes(inverter.read_bytes())
    written(tmp_path / "hokusai-great-wave.jpg", plain(0))
    peers, skipped = peer_candidates(tmp_path, tmp_path)
    assert [peer.name for peer in peers] == ["peer wave"]
    assert [line.split(":")[0] for line in skipped] == [
        "some-rain-princess.onnx",
        "some-udnie.onnx",
    ]


def test_style_is_given_over_the_peer_s() -> None:
    ratios = against_peer({"style": 1.0, "content": 0.6}, {"style": 2.0, "content": 0.4})
    assert ratios == pytest.approx({"style_to_peer": 0.5, "content_to_peer": 1.5})


# --- material


def test_items_are_spread_evenly() -> None:
    assert spread(range(9), 3) == [1, 4, 7]
    assert spread([1, 2], 5) == [1, 2]


def test_photos_for_research_only_are_left_out(tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        written(tmp_path / name, plain(9))
    lines = ["file,licence_class", "b.png,research-only", "c.png,unsplash"]
    (tmp_path / "SOURCES.csv").write_text("\n".join(lines), encoding="utf-8")
    assert [file.name for file in photo_files(tmp_path, 9)] == ["a.png", "c.png"]


def test_unreadable_photos_are_skipped(tmp_path: Path) -> None:
    good = written(tmp_path / "good.png", noise_image(60, 120))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    photos, skipped = read_photos([good, bad], 30)
    assert [photo.shape for photo in photos] == [(30, 60, 3)]
    assert len(skipped) == 1 and "bad.png" in skipped[0]
    with pytest.raises(SourceError, match="None of the photos"):
        read_photos([bad], 30)


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no clips"):
        clip_files(tmp_path, 3)


# --- table and sheet


def test_tables_show_what_was_measured() -> None:
    rows = [
        Row("a", "model", "p.jpg", {"style": 1.23456, "second_style": "by hand"}),
        Row("b", "model", "p.jpg", {"bytes": 52948, "keeps_limit": False, "size_class": "55k"}),
    ]
    lines = markdown(rows, ["a note"]).splitlines()
    (style,) = (line for line in lines if line.startswith("| p.jpg") and "| a " in line)
    (size,) = (line for line in lines if line.startswith("| p.jpg") and "| b " in line)
    assert "1.235" in style and "by hand" in style and "| - |" in " ".join(style.split())
    assert "52,948" in size and "NO" in size
    assert lines[-1] == "- a note"
    assert "### Steadiness" not in lines


def test_a_sheet_has_the_pictures_side_by_side(tmp_path: Path) -> None:
    photos = [noise_image(64, 80 + 10 * i, seed=i) for i in range(4)]
    pages = write_sheet(tmp_path / "sheets", "style", [photos, [255 - photo for photo in photos]])
    assert [page.name for page in pages] == ["style-1.png", "style-2.png"]
    first = read_photo(pages[0])
    np.testing.assert_array_equal(first[:64, :80], photos[0])
    np.testing.assert_array_equal(first[:64, 80 + GAP : 160 + GAP], 255 - photos[0])
    top = 2 * (64 + GAP)
    np.testing.assert_array_equal(first[top : top + 64, :100], photos[2])


# --- the command


@pytest.fixture
def workplace(tmp_path: Path, weights: Path, inverter: Path) -> Iterator[list[str]]:
    """Folders with photos, a clip, a painting, a peer and a model; the arguments that name them."""
    for seed in range(2):
        written(tmp_path / "photos" / f"{seed}.png", noise_image(SIDE, 90, seed))
    written(tmp_path / "paintings" / "hokusai-great-wave.jpg", noise_image(90, SIDE, 9))
    film(tmp_path / "clips" / "pan.mp4", moving(4))
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"no film")
    save_convolution(tmp_path / "dim.onnx", -0.5 * np.eye(3, dtype=np.float32)[..., None, None])
    for copy in ("model.onnx", "model.int8.onnx"):
        (tmp_path / copy).write_bytes(inverter.read_bytes())
    (tmp_path / "peers").mkdir()
    (tmp_path / "dim.onnx").rename(tmp_path / "peers" / "toy-wave.onnx")
    yield [
        *("--photos", str(tmp_path / "photos"), "--paintings", str(tmp_path / "paintings")),
        *("--clips", str(tmp_path / "clips"), "--peers", str(tmp_path / "peers")),
        *("--teacher", str(weights), "--size", "72", "--rounds", "1", "--no-sample"),
        *("--model", f"{tmp_path / 'model.onnx'}=hokusai-great-wave.jpg"),
    ]


@pytest.mark.usefixtures("lpips_package")
def test_the_whole_table(
    workplace: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(random_state(lpips_shapes("squeeze")), tmp_path / "squeezenet1_1.pth")
    lpips = ["--lpips", "squeeze", "--lpips-backbone", str(tmp_path / "squeezenet1_1.pth")]
    files = {name: tmp_path / name for name in ("out.json", "out.md", "sheets")}
    outputs = ("--json", "out.json"), ("--table", "out.md"), ("--sheet", "sheets")
    chosen = [word for option, name in outputs for word in (option, str(files[name]))]
    assert main([*workplace, *chosen, *lpips, "--optimizer-steps", "1"]) == 0
    printed = capsys.readouterr().out
    line = printed.splitlines()[-1]
    found = json.loads(line)
    assert json.loads(files["out.json"].read_text(encoding="utf-8")) == found
    table = files["out.md"].read_text(encoding="utf-8")
    assert table in printed and "random weights" in table
    assert any("broken.mp4" in note for note in found["notes"])
    rows = {row["name"]: row for row in found["rows"]}
    assert list(rows) == [
        *("frames as they are", "photos as they are", "optimizer", "peer wave", "model"),
    ]
    model, peer, clips = rows["model"], rows["peer wave"], rows["frames as they are"]
    assert model["style_to_peer"] == pytest.approx(model["style"] / peer["style"])
    assert model["noise_gain"] == pytest.approx(1, abs=0.02)  # it inverts
    assert peer["noise_gain"] == pytest.approx(0.5, abs=0.05)  # it halves contrast
    assert (model["grid_4"], model["grid_2"]) == pytest.approx((1, 1), abs=0.02)
    assert model["clips_e_warp_each"] == pytest.approx(clips["clips_e_warp_each"], rel=0.2)
    assert model["int8_ssim"] == model["int8_style"] == 1
    assert model["times_peer_720p"] == pytest.approx(peer["ms_720p"] / model["ms_720p"])
    assert rows["photos as they are"]["content"] == 0 and rows["photos as they are"]["ssim"] == 1
    assert rows["photos as they are"]["lpips"] == 0 < peer["lpips"] < model["lpips"]
    assert "LPIPS: v0.1, squeeze;" in table
    sheet = read_photo(files["sheets"] / "model-1.png")
    assert sheet.shape == (2 * (72 + GAP), 3 * (81 + GAP), 3)


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--photos", "missing", "There is no folder"),
        ("--photos", "clips", "There are no photos"),
        ("--clips", "photos", "There are no clips"),
        ("--peers", "photos", "There are no .onnx networks"),
        ("--paintings", "missing", "There is no folder"),
        ("--teacher", "model.onnx", "not a SqueezeNet v1.0 weight file"),
        ("--second-weights", "model.onnx", "not a vgg19 weight file"),
        ("--lpips-backbone", "model.onnx", "not a pretrained AlexNet weight file"),
        ("--model", "model.onnx", "takes FILE.onnx=PAINTING"),
        ("--model", "model.onnx=nobody.jpg", "There is no painting"),
        ("--model", "photos/0.png=hokusai-great-wave.jpg", "not a generator that can be run"),
        ("--model", "missing.onnx=hokusai-great-wave.jpg", "There is no file"),
        ("--table", "missing/table.md", "Cannot write"),
    ],
)
@pytest.mark.usefixtures("lpips_package")
def test_bad_input_is_one_clear_line(
    workplace: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    value: str,
    complaint: str,
) -> None:
    assert main([*workplace, option, str(tmp_path / value)]) == 1
    captured = capsys.readouterr()
    assert not captured.out
    last = captured.err.splitlines()[-1]
    assert last.startswith("evaluate: ") and complaint in last


def test_random_features_know_a_texture_and_not_how_light_it_is() -> None:
    judge = RandomFeatures()
    texture, other = noise_image(96, 96), np.full((96, 96, 3), 100, np.uint8)

    def covariances(image: RGBImage) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            return judge.grams(judge(to_tensor(image)[None]))

    target = covariances(texture)

    def style(image: RGBImage) -> float:
        found = covariances(image)
        return float(np.mean([float(style_loss(found[name], target[name])) for name in target]))

    assert style(texture) == 0
    assert style(np.minimum(texture, 225) + np.uint8(30)) < 0.1 < 0.7 < style(other)

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.clips import Clip, patches
from vidstyle.errors import SourceError
from vidstyle.frame import Frame, RGBImage
from vidstyle.media.image_file import write_result
from vidstyle.media.source import FileSource
from vidstyle.training.data import dataset as content_module
from vidstyle.training.data.dataset import Content, procedural_content, read_content

LONG_CLIP = Clip(frames=100, size_wh=(256, 64), options={"crf": "10"})


def flat(level: int, height: int = 80, width: int = 100) -> RGBImage:
    return np.full((height, width, 3), level, np.uint8)


def ramp() -> RGBImage:
    """Brightness is the column, so a crop tells where it was taken."""
    return np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (256, 256, 3)).copy()


def save(file: Path, rgb: RGBImage) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), rgb[..., ::-1])
    return file


def levels(content: Content) -> list[int]:
    return [round(float(image.mean())) for image in content.images]


def frame_numbers(content: Content) -> list[int]:
    """Which frames of `LONG_CLIP` they are: its square moves 2 px a frame."""
    bright = [image[32, :, 1] > 100 for image in content.images]
    return [int(np.argmax(row)) // 2 for row in bright]


@pytest.fixture
def noisy() -> Content:
    random = np.random.default_rng(0)
    return Content([random.integers(0, 256, (90, 120, 3)).astype(np.uint8) for _ in range(7)])


def test_crops_have_the_size_and_the_range_asked_for(noisy: Content) -> None:
    crops = noisy.crops(4, 48, step=0, seed=0)
    assert crops.shape == (4, 3, 48, 48)
    assert crops.dtype == torch.float32
    assert crops.min() >= 0 and crops.max() <= 1
    assert crops.std() > 0.1


def test_the_same_arguments_give_the_same_batch(noisy: Content) -> None:
    first = noisy.crops(3, 32, step=5, seed=2, rank=1)
    noisy.crops(3, 32, step=6, seed=2, rank=1)
    assert torch.equal(noisy.crops(3, 32, step=5, seed=2, rank=1), first)


@pytest.mark.parametrize("other", [{"step": 6}, {"seed": 3}, {"rank": 1}])
def test_other_arguments_give_another_batch(noisy: Content, other: dict[str, int]) -> None:
    usual = {"step": 5, "seed": 2, "rank": 0}
    assert not torch.equal(noisy.crops(3, 32, **usual), noisy.crops(3, 32, **usual | other))


def test_every_image_comes_once_before_any_comes_again() -> None:
    content = Content([flat(30 * n) for n in range(7)])
    batches = [content.crops(3, 16, step, seed=0).mean(dim=(1, 2, 3)) for step in range(7)]
    order = (torch.cat(batches) * 255 / 30).round().int().tolist()
    epochs = [order[:7], order[7:14], order[14:]]
    assert [sorted(epoch) for epoch in epochs] == [list(range(7))] * 3
    assert epochs[0] != epochs[1]


def test_crops_are_zoomed_and_mirrored_but_show_the_image() -> None:
    size = 64
    crops = Content([ramp()]).crops(60, size, step=0, seed=0)[:, 0] * 255
    steps = (crops[:, :, -4] - crops[:, :, 3]).mean(dim=1) / (size - 7)
    zooms = steps.abs()
    assert zooms.min() > 0.45 and zooms.max() < 1.65
    assert zooms.min() < 0.65 and zooms.max() > 1.4
    assert 15 < int((steps < 0).sum()) < 45
    straight = crops[:, :, 32:33] + steps[:, None, None] * (torch.arange(size) - 32)
    assert (crops - straight).abs().max() < 3


def test_an_image_smaller_than_the_crop_is_enlarged() -> None:
    crops = Content([flat(120, 64, 64)]).crops(2, 200, step=0, seed=0)
    assert torch.allclose(crops, torch.tensor(120 / 255))


def test_the_default_needs_no_files() -> None:
    content = procedural_content(count=3, seed=1)
    assert len(content.images) == 3
    assert not content.skipped
    assert content.crops(2, 32, step=0, seed=0).std() > 0.02


def test_photos_are_read_red_first(tmp_path: Path) -> None:
    image = flat(0)
    image[..., 0] = 200
    save(tmp_path / "red.png", image)
    content = read_content(tmp_path)
    assert np.array_equal(content.images[0], image)
    assert content.crops(1, 32, 0, 0)[0].mean(dim=(1, 2)).tolist() == pytest.approx(
        [200 / 255, 0, 0]
    )


def test_photos_in_subfolders_are_read_in_order_and_hidden_ones_are_not(tmp_path: Path) -> None:
    save(tmp_path / "b.PNG", flat(100))
    save(tmp_path / "a" / "deep" / "z.png", flat(50))
    save(tmp_path / "c.jpg", flat(200))
    save(tmp_path / ".thumbnails" / "c.png", flat(10))
    save(tmp_path / "c.png", flat(150)).rename(tmp_path / "._c.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    content = read_content(tmp_path)
    assert levels(content) == [50, 100, 200]
    assert not content.skipped


def test_large_photos_are_reduced_and_keep_their_shape(tmp_path: Path) -> None:
    save(tmp_path / "large.png", flat(90, 768, 1024))
    assert read_content(tmp_path).images[0].shape == (384, 512, 3)


def test_what_cannot_be_read_is_skipped_and_said(tmp_path: Path) -> None:
    save(tmp_path / "good.png", flat(90))
    (tmp_path / "broken.jpg").write_bytes(b"no picture at all")
    (tmp_path / "empty.mp4").write_bytes(b"")
    save(tmp_path / "tiny.png", flat(90, 40, 300))
    content = read_content(tmp_path)
    assert levels(content) == [90]
    broken, tiny, empty = content.skipped
    assert "broken.jpg" in broken and "not a picture" in broken
    assert "tiny.png" in tiny and "300x40" in tiny
    assert "empty.mp4" in empty and "0 bytes" in empty
    assert not any("\n" in reason for reason in content.skipped)


def test_of_too_many_photos_one_is_taken_from_each_stretch(tmp_path: Path) -> None:
    for number in range(20):
        save(tmp_path / f"{number:02}.png", flat(10 * number))
    taken = [level // 10 for level in levels(read_content(tmp_path, limit=5))]
    assert [number // 4 for number in taken] == [0, 1, 2, 3, 4]
    seeds = [tuple(levels(read_content(tmp_path, limit=5, seed=seed))) for seed in (0, 0, 1, 2)]
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) > 1


def test_a_short_video_gives_all_its_frames(tmp_path: Path) -> None:
    colorful = patches(96, 64)
    Clip(frames=12, size_wh=(96, 64), picture=colorful, options={"crf": "5"}).write(
        tmp_path / "clip.mp4"
    )
    content = read_content(tmp_path)
    assert [image.shape for image in content.images] == [(64, 96, 3)] * 12
    middles = content.images[5][16::32, 24::48].astype(int)
    assert np.abs(middles - colorful[16::32, 24::48]).max() < 12


@pytest.mark.parametrize("read_through", [10, 1000])
def test_a_long_video_gives_frames_from_its_whole_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_through: int
) -> None:
    monkeypatch.setattr(content_module, "FRAMES_READ_THROUGH", read_through)
    LONG_CLIP.write(tmp_path / "clip.mp4")
    numbers = frame_numbers(read_content(tmp_path))
    assert len(numbers) == 40
    assert numbers[0] <= 3 and numbers[-1] >= 96
    gaps = np.diff(numbers)
    assert gaps.min() >= 1 and gaps.max() <= 4


def test_a_video_that_does_not_say_its_length_is_read_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_module, "FRAMES_READ_THROUGH", 10)
    numbers = frame_numbers(read_content(LONG_CLIP.write(tmp_path / "clip.h264")))
    assert len(numbers) == 40
    assert numbers[0] <= 3 and numbers[-1] >= 96


def test_a_video_that_breaks_off_gives_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_module, "FRAMES_READ_THROUGH", 10)
    clip = replace(LONG_CLIP, options={"crf": "10", "g": "10"}).write(tmp_path / "clip.mkv")
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 6 // 10])
    numbers = frame_numbers(read_content(clip))
    assert 20 < len(numbers) < 30  # its header still promises 100 frames
    assert numbers[0] <= 3 and 50 < numbers[-1] < 70


def test_a_video_without_places_to_jump_to_is_read_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_module, "FRAMES_READ_THROUGH", 10)
    monkeypatch.setattr(content_module, "_read_at", lambda *_: [])
    numbers = frame_numbers(read_content(LONG_CLIP.write(tmp_path / "clip.mp4")))
    assert len(numbers) == 40
    assert numbers[0] <= 3 and numbers[-1] >= 96


def test_photos_and_videos_share_the_limit(tmp_path: Path) -> None:
    LONG_CLIP.write(tmp_path / "clip.mp4")
    for number in range(12):
        save(tmp_path / f"{number}.png", flat(10 * number))
    images = read_content(tmp_path, limit=10).images
    assert len(images) == 10
    assert sum(image.shape == (64, 256, 3) for image in images) == 5


def test_a_single_file_will_do(tmp_path: Path) -> None:
    assert levels(read_content(save(tmp_path / "photo.png", flat(70)))) == [70]
    clip = Clip(frames=3, size_wh=(96, 64)).write(tmp_path / "clip.mkv")
    assert len(read_content(clip).images) == 3


def test_results_of_vidstyle_are_not_learned_from(tmp_path: Path) -> None:
    write_result(tmp_path / "painted.png", flat(10))
    save(tmp_path / "photo.udnie.jpg", flat(20))
    with pytest.raises(SourceError, match=r"No photos or videos in .* besides results of vidstyle"):
        read_content(tmp_path)
    save(tmp_path / "photo.jpg", flat(90))
    content = read_content(tmp_path)
    assert levels(content) == [90]
    assert content.results == 2
    assert levels(read_content(tmp_path / "painted.png")) == [10]  # by name it is the user's wish


def test_ctrl_c_ends_the_reading_of_a_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = threading.Event()

    class Endless(FileSource):
        def __iter__(self) -> Iterator[Frame]:
            (first, *_) = super().__iter__()
            while True:
                yield first
                reading.set()

    def interrupted(_: Path) -> None:
        assert reading.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(content_module, "FileSource", Endless)
    monkeypatch.setattr(content_module, "_read_photo", interrupted)
    Clip(frames=3, size_wh=(96, 64)).write(tmp_path / "clip.mp4")
    save(tmp_path / "photo.png", flat(90))
    with pytest.raises(KeyboardInterrupt):
        read_content(tmp_path)


def test_a_folder_without_pictures_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^No photos or videos in .*folder that has some\.$"):
        read_content(tmp_path)
    with pytest.raises(SourceError, match="There is no folder"):
        read_content(tmp_path / "missing")


def test_a_folder_with_nothing_readable_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture at all")
    with pytest.raises(SourceError, match=r"^Nothing in .* can be used.*broken\.jpg is not"):
        read_content(tmp_path)
    with pytest.raises(SourceError, match=r"^[^ ]*broken\.jpg is not a picture"):
        read_content(tmp_path / "broken.jpg")

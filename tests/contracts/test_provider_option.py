"""Everything obeys `provider` and `device`: here, all refuse one that is not there."""

from collections.abc import Callable
from pathlib import Path

import onnxruntime
import pytest
import torch

from tests.clips import Clip
from tests.textures import noise_image
from vidstyle import (
    LiveOptions,
    StylizeOptions,
    Stylizer,
    TrainOptions,
    run_live,
    stylize_photo,
    stylize_video,
    train_style,
)
from vidstyle.apps.convert import stylize_video_in_styles
from vidstyle.apps.gallery import paint_gallery
from vidstyle.apps.image import preview_video
from vidstyle.errors import OptionError
from vidstyle.media.image_file import write_photo
from vidstyle.options import ServeOptions
from vidstyle.server.launch import serve
from vidstyle.stats import Stats

CUDA = StylizeOptions(provider="cuda")
USERS: dict[str, Callable[[Path, Path, Path], object]] = {
    "stylize_video": lambda clip, photo, out: stylize_video(clip, out / "a.mp4", CUDA),
    "several styles": lambda clip, photo, out: stylize_video_in_styles(
        clip, {out / "a.mp4": "white", out / "b.mp4": "warm"}, CUDA, Stats()
    ),
    "preview_video": lambda clip, photo, out: preview_video(clip, out / "a.png", CUDA),
    "stylize_photo": lambda clip, photo, out: stylize_photo(photo, out / "a.png", CUDA),
    "paint_gallery": lambda clip, photo, out: paint_gallery(photo, out / "a.png", CUDA),
    "Stylizer": lambda clip, photo, out: Stylizer("white", provider="cuda"),
    "run_live": lambda clip, photo, out: run_live(
        LiveOptions(camera="testsrc", window=False, seconds=0.1, provider="cuda")
    ),
    "serve": lambda clip, photo, out: serve(ServeOptions(data=str(out), provider="cuda")),
}


@pytest.mark.parametrize("user", USERS)
def test_a_provider_that_is_not_there_is_refused(
    user: str, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    clip, photo = tmp_path / "clip.mp4", tmp_path / "photo.png"
    Clip(frames=2).write(clip)
    write_photo(photo, noise_image(32, 32, seed=3))
    (tmp_path / "out").mkdir()
    with pytest.raises(OptionError, match=r"^provider cuda is not in this ONNX Runtime"):
        USERS[user](clip, photo, tmp_path / "out")
    assert not [file for file in (tmp_path / "out").iterdir() if file.suffix in (".mp4", ".png")]


def test_a_device_that_is_not_there_is_refused(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    photo, result = tmp_path / "photo.png", tmp_path / "result.png"
    write_photo(photo, noise_image(32, 32, seed=3))
    full = StylizeOptions(quality="full", device="mps")
    learned = tmp_path / "learned.onnx"
    for run in (
        lambda: stylize_photo(photo, result, full),
        lambda: train_style(photo, learned, TrainOptions(device="mps", steps=1)),
    ):
        with pytest.raises(OptionError, match=r"^device mps is not there"):
            run()
    assert not result.exists() and not learned.exists()

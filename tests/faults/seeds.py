"""Seeds: intact small files of every kind that is fuzzed, made by PyAV, OpenCV and ONNX."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.clips import Clip, Sound, squares, transparent, write_transparent
from tests.toys import save_convolution, save_network
from vidstyle.assets import models_folder

CLIPS: dict[str, Clip] = {
    "h264.mp4": Clip(frames=8, sounds=[Sound()], subtitles=["mov_text"], chapters=True),
    "fragments.mp4": Clip(
        frames=8, sounds=[Sound()], format_options={"movflags": "frag_keyframe+empty_moov"}
    ),
    "rotated.mov": Clip(
        frames=8, codec="mpeg4", sounds=[Sound("pcm_s16le", seconds=0.2)], rotation=90
    ),
    "many.mkv": Clip(
        frames=8, sounds=[Sound(language="eng"), Sound("flac")], subtitles=["srt", "ass"],
        chapters=True, attachment=True, metadata={"title": "t"},
    ),
    "hevc.mkv": Clip(frames=6, codec="libx265", options={"x265-params": "log-level=none"}),
    "vp8.webm": Clip(frames=8, codec="libvpx", sounds=[Sound("libopus")]),
    "vp9.webm": Clip(frames=6, codec="libvpx-vp9"),
    "av1.mkv": Clip(frames=4, codec="libsvtav1"),
    "mpeg4.avi": Clip(frames=8, codec="mpeg4", sounds=[Sound("mp3")]),
    "mjpeg.avi": Clip(frames=6, codec="mjpeg", pixels="yuvj420p", sounds=[Sound("pcm_s16le")]),
    "h264.ts": Clip(frames=8, sounds=[Sound()]),
    "mpeg2.ts": Clip(frames=8, codec="mpeg2video", sounds=[Sound("mp2")], interlaced=True),
    "h264.flv": Clip(frames=8, sounds=[Sound(rate=44100)]),
    "flv1.flv": Clip(frames=8, codec="flv", sounds=[Sound("mp3", rate=44100)]),
    "mpeg1.mpg": Clip(frames=8, codec="mpeg1video", sounds=[Sound("mp2")]),
    "raw.y4m": Clip(frames=3, codec="wrapped_avframe"),
    "hdr.mkv": Clip(frames=4, codec="ffv1", pixels="yuv420p10le", tags=(9, 9, 16, 1)),
}  # fmt: skip
os.environ.setdefault("SVT_LOG", "1")  # errors only
PICTURES = ("a.jpg", "a.png", "a.webp", "a.tif", "a.bmp", "a.ppm", "a.jp2", "a.avif", "a.gif",
            "alpha.png", "alpha.webp", "alpha.tif", "deep.png", "deep.tif", "gray.jpg", "gray.png",
            "exif.jpg")  # fmt: skip
ANIMATIONS = ("a.gif", "a.apng", "a.webp", "pages.tif")


def clips(folder: Path) -> list[Path]:
    """Write a video of every kind that the installed PyAV can encode."""
    made = [_made(folder / name, clip.write) for name, clip in CLIPS.items()]
    alpha = _made(folder / "alpha.webm", lambda path: _alpha(path, "libvpx-vp9", "yuva420p"))
    prores = _made(folder / "alpha.mov", lambda path: _alpha(path, "prores_ks", "yuva444p10le"))
    animated = [_made(folder / f"moving.{name}", animation) for name in ANIMATIONS]
    return [path for path in (*made, alpha, prores, *animated) if path is not None]


def _made(path: Path, write: Callable[[Path], Any]) -> Path | None:
    """The file, or None where the installed libraries lack its encoder."""
    try:
        write(path)
    except (av.FFmpegError, ValueError, cv2.error):
        return None
    return path if path.exists() and path.stat().st_size else None


def _alpha(path: Path, codec: str, pixels: str) -> None:
    write_transparent(path, codec, pixels)


def animation(path: Path) -> None:
    """Write an animated picture of three frames."""
    frames: list[Any] = [cv2.cvtColor(squares(n, 32, 24), cv2.COLOR_RGB2BGR) for n in range(3)]
    if path.suffix == ".tif":
        cv2.imwritemulti(str(path), frames)
        return
    if path.suffix in (".webp", ".apng"):
        moving: Any = cv2.Animation()
        moving.frames, moving.durations = frames, np.array([100] * 3, np.int32)
        target = path.with_suffix(".png") if path.suffix == ".apng" else path
        cv2.imwriteanimation(str(target), moving)
        target.replace(path)
        return
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("gif", rate=10)
        video.width, video.height, video.pix_fmt = 32, 24, "rgb8"
        for number, bgr in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format="rgb8")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))


def pictures(folder: Path) -> list[Path]:
    """Write a picture of every kind."""
    made = [_made(folder / name, picture) for name in PICTURES]
    return [path for path in made if path is not None]


def picture(path: Path) -> None:
    """Write a picture; its name says what is special about it."""
    image: Any = cv2.cvtColor(squares(4, 64, 64), cv2.COLOR_RGB2BGR)
    if path.stem == "alpha":
        image = cv2.cvtColor(transparent(64, 64), cv2.COLOR_RGBA2BGRA)
    elif path.stem == "deep":
        image = image.astype(np.uint16) * 257
    elif path.stem == "gray":
        image = image[..., 0]
    if path.suffix == ".gif":
        animation(path)
    elif path.stem == "exif":
        exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
        kinds, content = [cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif, np.uint8)]
        _, encoded = cv2.imencodeWithMetadata(".jpg", image, kinds, content)
        path.write_bytes(encoded.tobytes())
    else:
        cv2.imwrite(str(path), image)


def networks(folder: Path) -> list[Path]:
    """Write generators of several kinds."""
    weight = -np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    blur = np.full((3, 3, 3, 3), 1 / 27, np.float32)
    node = helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT)
    back = helper.make_node("Cast", ["f"], ["y"], to=TensorProto.UINT8)
    sizes: list[int | str] = ["n", "h", "w", 3]
    save_convolution(folder / "toy.onnx", weight)
    save_convolution(folder / "blur.onnx", blur)
    save_network(folder / "uint8.onnx", [node, back], sizes, sizes, TensorProto.UINT8)
    model = onnx.load(folder / "toy.onnx")
    notes = {"sharpness": "0.4", "clarity": "0.5", "own_chroma": "0.7", "light": "even"}
    helper.set_model_props(model, notes)
    onnx.save(model, folder / "noted.onnx")
    shipped = models_folder() / "great-wave-17k.int8.onnx"  # with a palette
    (folder / "shipped.onnx").write_bytes(shipped.read_bytes())
    return sorted(folder.glob("*.onnx"))


def archives(folder: Path) -> list[Path]:
    """Write numpy archives: some arrays, packed and not."""
    arrays: dict[str, Any] = {"a.weight": np.ones((4, 3, 3, 3), np.float32), "b": np.arange(5)}
    np.savez(folder / "plain.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    (folder / "slim.npz").write_bytes((models_folder() / "slim.npz").read_bytes())
    return sorted(folder.glob("*.npz"))


def text_settings() -> dict[str, bytes]:
    """Configuration files of `vidstyle live`, by name."""
    plain = b'style = "udnie"\nstrength = 0.5\nkeep_colors = true\nevery = "auto"\nlines = 32\n'
    more = (
        b'# comment\nsize = "64x48"\nfps = 25.0\nletterbox = true\nmax-cpu = 50.0\nseconds = 0.1\n'
    )
    other = b'record = "r.mkv"\noverwrite = false\nloop = true\npixels = "yuyv"\nquiet = true\n'
    mixed = b'style = "great-wave:0.5,udnie:0.5"\nreact = false\naudio = false\njson = true\n'
    return {"plain.toml": plain, "more.toml": more, "other.toml": other, "mixed.toml": mixed}

"""Render samples/demo.mp4, the clip that the README and the tests use."""

import argparse
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from tools.samples.arpeggio import arpeggio
from tools.scenery import FRAME_COUNT, RATE, SIZE_WH, frames

SOUND_RATE = 48_000
BT709 = 1  # primaries and transfer, as FFmpeg numbers them


def main() -> None:
    """Render the clip into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("samples"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "demo.mp4"
    sound = arpeggio(FRAME_COUNT / RATE, SOUND_RATE)
    write_clip(path, SIZE_WH, frames(), sound, {"crf": "23", "preset": "slow"})
    print(f"{path}: {FRAME_COUNT} frames, {path.stat().st_size} bytes")


def write_clip(
    path: Path,
    size_wh: tuple[int, int],
    images: Iterable[NDArray[np.uint8]],
    sound: NDArray[np.float32],
    options: dict[str, str],
    rate: int = RATE,
) -> None:
    """Encode a clip as H.264 (BT.709, limited range), with stereo sound as AAC.

    Args:
        path: an .mp4 file.
        size_wh: of the images, even.
        images: HxWx3 uint8 RGB.
        sound: 2xN float32 at `SOUND_RATE`, at least as long as the images.
        options: of libx264.
        rate: frames per second.
    """
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as output:
        video = _add_video(output, size_wh, options, rate)
        audio = output.add_stream("aac", rate=SOUND_RATE, layout="stereo", bit_rate=96_000)
        step = SOUND_RATE // rate
        for index, image in enumerate(images):
            output.mux(video.encode(_video_frame(image, index, rate)))
            part = sound[:, index * step : (index + 1) * step]
            output.mux(audio.encode(_audio_frame(part, index * step)))
        output.mux(video.encode(None))
        output.mux(audio.encode(None))


def _add_video(
    output: av.container.OutputContainer,
    size_wh: tuple[int, int],
    options: dict[str, str],
    rate: int,
) -> av.VideoStream:
    stream = output.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height = size_wh
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, rate)
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    context.color_primaries = context.color_trc = BT709
    return stream


def _video_frame(image: NDArray[np.uint8], index: int, rate: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    frame.pts, frame.time_base = index, Fraction(1, rate)
    return frame


def _audio_frame(samples: NDArray[np.float32], start: int) -> av.AudioFrame:
    planes = np.ascontiguousarray(samples)
    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
    return frame


if __name__ == "__main__":
    main()

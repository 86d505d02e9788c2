"""Animated WebP of some seconds of a clip beside its stylized form; for the README.

    python -m tools.samples.animation
    python -m tools.samples.animation --clip nasa.mp4 --target samples/people.webp \\
        --style kandinsky --scenes 5.85-7.75 --size 720x202 --quality 80
"""

import argparse
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import Colorspace

from vidstyle import StylizeOptions, stylize_video

SAMPLES = Path(__file__).parents[2] / "samples"
EVERY = 2  # frames; 15 a second are enough

Scenes = Sequence[tuple[float, float]]  # begin and end, in seconds


def main() -> None:
    """Convert the clip side by side, and write the chosen seconds as animated WebP."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, default=SAMPLES / "demo.mp4")
    parser.add_argument("--target", type=Path, default=SAMPLES / "demo.webp")
    parser.add_argument("--style", help="as for vidstyle")
    parser.add_argument("--scenes", nargs="+", default=["0.6-2.1", "5.0-6.5"], metavar="S-S")
    parser.add_argument("--size", default="800x225", metavar="WIDTHxHEIGHT")
    parser.add_argument("--quality", default="50")
    parsed = parser.parse_args()
    scenes = [_pair(scene, "-") for scene in parsed.scenes]
    width, height = map(int, _pair(parsed.size, "x"))
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder) / "both.mp4"
        options = StylizeOptions(style=parsed.style, compare=True, crf=12)
        stylize_video(parsed.clip, both, options)
        write_animation(both, parsed.target, scenes, (width, height), parsed.quality)


def write_animation(
    clip: Path, target: Path, scenes: Scenes, size_wh: tuple[int, int], quality: str
) -> None:
    """Write every second frame of the scenes, smaller, in a loop."""
    forever = {"loop": "0"}
    with av.open(str(clip)) as source, av.open(str(target), "w", options=forever) as container:
        stream = container.add_stream("libwebp_anim", rate=15, options={"quality": quality})
        stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
        shown = 0
        for index, frame in enumerate(source.decode(video=0)):
            time_s = frame.time or 0.0
            if index % EVERY or not any(start <= time_s < end for start, end in scenes):
                continue
            small = frame.reformat(*size_wh, "yuv420p", dst_colorspace=Colorspace.ITU601)
            small.pts, small.time_base = shown, Fraction(EVERY, 30)
            container.mux(stream.encode(small))
            shown += 1
        container.mux(stream.encode(None))


def _pair(text: str, between: str) -> tuple[float, float]:
    first, second = text.split(between)
    return float(first), float(second)


if __name__ == "__main__":
    main()

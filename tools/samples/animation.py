"""Make the README's animation: the sample clip, and beside it what vidstyle makes of it."""

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import Colorspace

from vidstyle import StylizeOptions, stylize_video

SAMPLES = Path(__file__).parents[2] / "samples"
SCENES_S = ((0.6, 2.1), (5.0, 6.5))  # what is shown of the clip
EVERY = 2  # frames; 15 a second are enough
SIZE_WH = (800, 225)
QUALITY = "50"


def main() -> None:
    """Convert the sample side by side, and write the chosen seconds as animated WebP."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--style", help="as for vidstyle")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        both = Path(folder) / "both.mp4"
        options = StylizeOptions(style=parsed.style, compare=True, crf=12)
        stylize_video(SAMPLES / "demo.mp4", both, options)
        write_animation(both, SAMPLES / "demo.webp")


def write_animation(clip: Path, target: Path) -> None:
    """Write every second frame of the scenes, smaller, in a loop."""
    forever = {"loop": "0"}
    with av.open(str(clip)) as source, av.open(str(target), "w", options=forever) as container:
        stream = container.add_stream("libwebp_anim", rate=15, options={"quality": QUALITY})
        stream.width, stream.height, stream.pix_fmt = *SIZE_WH, "yuv420p"
        shown = 0
        for index, frame in enumerate(source.decode(video=0)):
            time_s = frame.time or 0.0
            if index % EVERY or not any(start <= time_s < end for start, end in SCENES_S):
                continue
            small = frame.reformat(*SIZE_WH, "yuv420p", dst_colorspace=Colorspace.ITU601)
            small.pts, small.time_base = shown, Fraction(EVERY, 30)
            container.mux(stream.encode(small))
            shown += 1
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()

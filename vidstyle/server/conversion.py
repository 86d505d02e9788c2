"""Conversion process: looks at files, takes stills and converts, one request after another.

Requests and answers are lines of JSON on standard input and output. The process ends at once when
its standard input does, so it never outlives the server.
"""

import base64
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import cv2

from vidstyle.allocator import share_freed_memory
from vidstyle.apps.convert import stylize_video
from vidstyle.apps.image import preview_video, stylize_photo
from vidstyle.apps.inputs import video_file
from vidstyle.apps.outputs import Result
from vidstyle.apps.progress import VideoProgress
from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage, with_short_side
from vidstyle.media.animation import is_animated_file
from vidstyle.media.demux import free_closed_codecs, open_container
from vidstyle.media.footage import open_footage
from vidstyle.media.image_file import READABLE_SUFFIXES, open_photo
from vidstyle.media.image_header import START_BYTES, image_size_wh
from vidstyle.options import StylizeOptions
from vidstyle.server import limits
from vidstyle.server.problems import Problem, problem_of
from vidstyle.stats import Stats

REPORT_EVERY_S = 0.25
STILL_AT = 1 / 3  # of the duration
STILL_QUALITY = 88  # of JPEG

Request = dict[str, Any]
Report = Callable[[dict[str, Any]], None]


def main() -> None:
    """Answer requests until standard input ends."""
    answers = _private_stdout()
    share_freed_memory()
    if hasattr(os, "nice"):  # not on Windows
        os.nice(int(sys.argv[1]))
    requests: queue.Queue[Request] = queue.Queue()
    reader = threading.Thread(
        target=_read, args=(requests,), name="conversion-requests", daemon=True
    )
    reader.start()
    while True:
        request = requests.get()
        try:
            answer = {"answer": OPERATIONS[request["operation"]](request, _reporter(answers))}
        except Exception as error:
            answer = {"problem": problem_of(error, request["names"]).document()}
        _send(answers, answer)
        free_closed_codecs()


def probe(request: Request, report: Report) -> dict[str, Any]:
    """Look at an upload: kind, size and length of the photo or video.

    Raises:
        SourceError: it is neither.
        Problem: it is over a limit (413).
    """
    path = Path(request["input"])
    if is_photo(path):
        height, width = open_photo(path).image.shape[:2]
        return {"kind": "photo", "width": width, "height": height}
    with video_file(path) as file:
        assert isinstance(file, Path)  # an upload is one file
        with open_container(file) as container:
            streams = list(container.streams)
            _check("streams", len(streams), limits.STREAMS)
            audio = any(stream.type == "audio" for stream in streams)
        with open_footage(file, Stats(), threads=1) as source:
            info = source.info
    _check("pixels in a frame", info.width * info.height, limits.VIDEO_PIXELS)
    _check("seconds", info.duration_s or 0, limits.VIDEO_SECONDS)
    _check("frames", info.expected_frames or 0, limits.VIDEO_FRAMES)
    return {
        "kind": "video",
        "width": info.width,
        "height": info.height,
        "seconds": info.duration_s,
        "frames": info.expected_frames,
        "fps": round(float(info.rate), 3),
        "audio": audio,
    }


def still(request: Request, report: Report) -> dict[str, Any]:
    """Take a still of a photo or video, JPEG in base64.

    Raises:
        SourceError: the file cannot be read, or ends before the time.
    """
    path, time_s = Path(request["input"]), request["time"]
    image = open_photo(path).over_white() if is_photo(path) else _frame(path, time_s)
    small = with_short_side(image, request["height"], enlarge=False)
    quality = [cv2.IMWRITE_JPEG_QUALITY, STILL_QUALITY]
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return {"jpeg": base64.b64encode(encoded.tobytes()).decode("ascii")}


def convert(request: Request, report: Report) -> dict[str, Any]:
    """Convert a video, its preview or a photo; returns facts about the result."""
    source, output = Path(request["input"]), Path(request["output"])
    options = StylizeOptions(**request["options"], overwrite=True)
    if request["preview"]:
        result = preview_video(source, output, options)
    elif request["kind"] == "photo":
        result = stylize_photo(source, output, options)
    else:
        result = _convert_video(source, output, options, report)
    facts = probe({"input": output}, report)
    return {
        "bytes": result.output_bytes,
        "width": facts["width"],
        "height": facts["height"],
        "frames": result.frames,
        "duration_s": facts.get("seconds"),
        "seconds": round(result.seconds, 3),
        "warnings": [str(warning) for warning in result.warnings],
        "damage": result.damage,
    }


def is_photo(path: Path) -> bool:
    """Whether a file is a single picture, by its header or the suffix of its name.

    Raises:
        Problem: it has too many pixels (413).
    """
    with path.open("rb") as file:
        size_wh = image_size_wh(file.read(START_BYTES))
    if size_wh is not None:
        _check("pixels", size_wh[0] * size_wh[1], limits.PICTURE_PIXELS)
    known = size_wh is not None or path.suffix.lower() in READABLE_SUFFIXES
    return known and not is_animated_file(path)


OPERATIONS: dict[str, Callable[[Request, Report], dict[str, Any]]] = {
    "probe": probe,
    "still": still,
    "convert": convert,
}


def _convert_video(source: Path, output: Path, options: StylizeOptions, report: Report) -> Result:
    deadline_s, reported_s = time.monotonic() + limits.JOB_SECONDS, -REPORT_EVERY_S

    def progress(state: VideoProgress) -> None:
        nonlocal reported_s
        now_s = time.monotonic()
        if now_s > deadline_s:
            hours = limits.JOB_SECONDS / 3600
            raise Problem(413, f"The conversion takes over {hours:.0f} hours. Cut the video.")
        last = state.total is not None and state.frames >= state.total
        if last or now_s - reported_s >= REPORT_EVERY_S:
            reported_s = now_s
            report(progress_document(state))

    return stylize_video(source, output, options, progress=progress)


def progress_document(state: VideoProgress) -> dict[str, Any]:
    """Progress of a conversion as clients see it."""
    done, total = state.frames, state.total
    if not done and state.total_paintings:  # full quality paints before it writes
        done, total = state.paintings, state.total_paintings
    share = min(1.0, done / total) if total else None
    left_s = state.seconds / share * (1 - share) if share else None
    return {
        "frames": state.frames,
        "total": state.total,
        "paintings": state.paintings,
        "total_paintings": state.total_paintings,
        "share": None if share is None else round(share, 4),
        "fps": round(state.fps, 2),
        "seconds": round(state.seconds, 2),
        "left_s": None if left_s is None else round(left_s, 1),
    }


def _frame(path: Path, time_s: float | None) -> RGBImage:
    """Frame of a video at a time, by default at `STILL_AT`, or the first of a short one."""
    with video_file(path) as file:
        with open_footage(file, Stats(), threads=1) as source:
            first = next(iter(source)).picture.to_rgb()
            at_s = (source.info.duration_s or 0.0) * STILL_AT if time_s is None else time_s
        if at_s == 0:
            return first
        try:
            with open_footage(file, Stats(), start_s=at_s, threads=1) as source:
                return next(iter(source)).picture.to_rgb()
        except SourceError:
            if time_s is not None:
                raise
            return first


def _check(thing: str, number: float, most: float) -> None:
    if number > most:
        raise Problem(413, f"The file has {number:,.0f} {thing}; {most:,.0f} is the limit.")


def _reporter(answers: TextIO) -> Report:
    return lambda state: _send(answers, {"progress": state})


def _send(answers: TextIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _read(requests: "queue.Queue[Request]") -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)  # in the middle of the work: the server has ended, or cancels it


def _private_stdout() -> TextIO:
    """Standard output for answers alone; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()

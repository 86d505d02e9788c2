"""Submission: from a client's order to the description of a job, its id and its command line."""

import hashlib
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidstyle import __version__
from vidstyle.flags import flag_of
from vidstyle.media.atomic import short_name
from vidstyle.media.image_file import result_suffix
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.server import limits
from vidstyle.server.job import DONE, FILMS, QUICK, Job, NewJob
from vidstyle.server.jobs import JobStore
from vidstyle.server.parameters import differing, job_options
from vidstyle.server.problems import Problem
from vidstyle.server.shelf import StyleShelf
from vidstyle.server.uploads import UploadStore
from vidstyle.stylize.catalog import shipped_styles

PHOTO_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}  # by format
VIDEO_TYPES = {
    "mp4": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "webm": "video/webm",
}
PIXELS_PER_S = 20e6  # of videos, on a plain processor; for estimates
PHOTO_S = 1.0  # estimated duration of a photo
FULL_FACTOR = 100  # of the full quality, in time
UNKNOWN_S = 600.0  # estimated duration of a video without a length


@dataclass(frozen=True, slots=True)
class Input:
    """Input of a job: a complete upload, or the result of a job that is done."""

    path: Path
    name: str
    sha256: str
    media: dict[str, Any]
    upload: str | None
    job: str | None


class Submission:
    """Makes jobs of orders, and requests for the conversion process of jobs."""

    def __init__(
        self,
        shelf: StyleShelf,
        uploads: UploadStore,
        jobs: JobStore,
        provider: str = DEFAULTS.provider,
    ) -> None:
        self._shelf, self._uploads, self._jobs = shelf, uploads, jobs
        self._provider = provider  # of the conversions' networks

    def new_job(self, order: dict[str, Any], client: str) -> NewJob:
        """Describe the job of an order.

        Args:
            order: "upload" or "job", "options", "format" and "preview", as in the API.
            client: whose it is, for the fairness of the queue.

        Raises:
            Problem: there is no such input, or it is not complete; or a setting does not fit.
            VidstyleError: a style or an option does not fit.
        """
        source = self._input(order.get("upload"), order.get("job"))
        preview = order.get("preview") or False
        video = source.media["kind"] == "video" and not preview
        if preview and source.media["kind"] == "photo":
            raise Problem(422, f"{source.name} is a photo, which has no preview.", ["preview"])
        options = job_options(order.get("options") or {}, self._shelf)
        _check_result(source.media, options)
        format = order.get("format") or _format_like(source.name, video, preview)
        types = VIDEO_TYPES if video else PHOTO_TYPES
        if format not in types:
            known = ", ".join(types)
            raise Problem(422, f'format must be one of {known}, not "{format[:80]}".', ["format"])
        shown = differing(options)
        result_name = short_name(Path(source.name).stem, f".{self._style_name(options)}.{format}")
        key = [source.sha256, shown, self._digests(options), format, preview, __version__]
        return NewJob(
            id=hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32],
            client=client,
            lane=FILMS if video or options.quality == "full" else QUICK,
            cost_s=_cost_s(source.media, options, video=video),
            upload=source.upload,
            job=source.job,
            spec={
                "input": {"name": source.name, "kind": source.media["kind"]},
                "options": shown,
                "format": format,
                "preview": preview,
                "type": types[format],
                "command": self._command(source.name, video, preview, shown, result_name),
                "result_name": result_name,
            },
        )

    def request(self, job: Job) -> dict[str, Any]:
        """Request of a job for the conversion process.

        Raises:
            Problem: its input is gone (404).
            StyleError: its style is gone.
        """
        source = self._input(job.upload, job.job)
        options = dict(job.spec["options"])
        full = options.get("quality") == "full"
        if "style" in options:
            options["style"] = self._shelf.resolved(options["style"], full=full)
        elif options["style_per_scene"] != "all":
            styles = options["style_per_scene"].split(",")
            options["style_per_scene"] = ",".join(self._shelf.resolved(style) for style in styles)
        return {
            "operation": "convert",
            "input": str(source.path),
            "kind": source.media["kind"],
            "options": options | {"provider": self._provider},
            "preview": job.spec["preview"],
            "names": {
                str(source.path): source.name,
                str(self._jobs.result_path(job)): job.spec["result_name"],
            },
        }

    def _input(self, upload_id: str | None, job_id: str | None) -> Input:
        if (upload_id is None) == (job_id is None):
            raise Problem(422, "Give an upload or a job as the input.", ["upload", "job"])
        if upload_id is not None:
            upload = self._uploads.upload(upload_id)
            if upload.media is None or upload.sha256 is None:
                raise Problem(409, f"{upload.name} is not complete. Send the rest first.")
            self._uploads.touch(upload.id)
            return Input(upload.path, upload.name, upload.sha256, upload.media, upload.id, None)
        job = self._jobs.job(str(job_id))
        if job.state != DONE or job.result is None:
            raise Problem(409, f"The job is {job.state}, and has no result yet.")
        self._jobs.touch(job.id)
        path, name = self._jobs.result_path(job), job.spec["result_name"]
        kind = "video" if job.spec["format"] in VIDEO_TYPES else "photo"
        media = {name: job.result[name] for name in ("width", "height", "frames")}
        media |= {"kind": kind, "seconds": job.result.get("duration_s")}  # older ones have none
        return Input(path, name, job.result["sha256"], media, None, job.id)

    def _digests(self, options: StylizeOptions) -> list[str]:
        if options.style_per_scene is None:
            return self._shelf.digests(options.style)
        names = options.style_per_scene.split(",")
        if options.style_per_scene == "all":
            names = [style.name for style in shipped_styles()]
        return [digest for name in names for digest in self._shelf.digests(name)]

    def _style_name(self, options: StylizeOptions) -> str:
        """Name of the styles in the name of a result."""
        plan = options.style_plan
        ids = self._shelf.ids(options.style) if options.style_per_scene is None else ["styles"]
        names = [Path(self._shelf.style(id).title).stem if "own-" in id else id for id in ids]
        return names[0] if len(names) == 1 else "+".join(names) if plan.is_single else "styles"

    def _command(
        self, name: str, video: bool, preview: bool, shown: dict[str, Any], result_name: str
    ) -> str:
        """The same job for the command line."""
        words = ["vidstyle", *([] if video or preview else ["image"]), name]
        for setting, value in shown.items():
            if value is True:
                words.append(flag_of(setting))
            elif value is not False:
                words += [flag_of(setting), self._titled(value) if setting == "style" else value]
        words += ["--preview"] * preview + ["-o", result_name]
        return shlex.join(str(word) for word in words)

    def _titled(self, style: str) -> str:
        """A style with the names of the user's own paintings in place of their ids."""
        for id in self._shelf.ids(style):
            style = style.replace(id, self._shelf.style(id).title) if "own-" in id else style
        return style


def _format_like(name: str, video: bool, preview: bool) -> str:
    """Format of a result by default: that of the input if it can be written."""
    suffix = Path(name).suffix.lower().removeprefix(".")
    if video:
        return suffix if suffix in VIDEO_TYPES else "mp4"
    if preview:
        return "png"
    suffix = result_suffix(f".{suffix}").removeprefix(".")
    return suffix if suffix in PHOTO_TYPES else "jpg" if suffix == "jpeg" else "png"


def _check_result(media: dict[str, Any], options: StylizeOptions) -> None:
    """Refuse sizes and frame rates that make more of a file than an upload may be."""
    width, height = options.sized_wh(media["width"], media["height"])
    if width * height > limits.VIDEO_PIXELS:
        most = f"{limits.VIDEO_PIXELS / 1e6:.0f} megapixels, the limit"
        raise Problem(422, f"The result would be {width}x{height} px, over {most}.", ["size"])
    frames = (options.fps or 0) * (media.get("seconds") or 0)
    if frames > limits.VIDEO_FRAMES:
        most = f"{limits.VIDEO_FRAMES:,}, the limit"
        raise Problem(422, f"The result would have {frames:,.0f} frames, over {most}.", ["fps"])


def _cost_s(media: dict[str, Any], options: StylizeOptions, *, video: bool) -> float:
    """Estimated duration of a job."""
    factor = FULL_FACTOR if options.quality == "full" else 1
    if not video:
        return PHOTO_S * factor
    if not media.get("frames"):
        return UNKNOWN_S * factor
    pixels: float = media["frames"] * media["width"] * media["height"]
    return pixels / PIXELS_PER_S * factor

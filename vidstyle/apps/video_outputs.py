"""Outputs of video conversions: the kind that a name asks for, its encoder and its sink."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

from vidstyle.apps.outputs import check_target, claimed_target
from vidstyle.errors import ELSEWHERE, OptionError, SinkError
from vidstyle.media.animation_sink import AnimationSink, GifSink
from vidstyle.media.codecs import (
    ANIMATIONS,
    AUDIO_ENCODERS,
    CONTAINERS,
    STREAM_FORMATS,
    Encoder,
    alpha_format,
    check_audio,
    check_size,
    choose_encoder,
)
from vidstyle.media.encoders import percent_quality
from vidstyle.media.image_file import (
    JPEG_QUALITY,
    JPEG_SUFFIXES,
    PHOTO_SUFFIXES,
    check_photo_size,
    stores_alpha,
)
from vidstyle.media.info import VideoInfo
from vidstyle.media.numbered_names import NumberedNames
from vidstyle.media.output_lock import output_lock
from vidstyle.media.parted_sink import PartedSink
from vidstyle.media.parts import PartFolder
from vidstyle.media.picture_sink import FIRST_NUMBER, PictureSink, delete_stale_pictures
from vidstyle.media.side_streams import side_streams_of
from vidstyle.media.sink import FileSink
from vidstyle.media.stream_sink import StreamSink
from vidstyle.options import STANDARD_STREAM, StylizeOptions
from vidstyle.stats import Stats

VideoSink = FileSink | PictureSink


class VideoOutput(ABC):
    """Output of one conversion; created before any work, with all checks of name and options."""

    keeps_alpha: bool  # whether an alpha channel is written
    is_deep = False  # whether more than 8 bits are written
    can_keep_hdr = False  # whether the option `hdr` has a choice

    def __init__(self, path: Path, options: StylizeOptions) -> None:
        self._path, self._options = path, options

    @contextmanager
    def claimed(self, input: Path | None) -> Iterator[None]:
        """Check and lock the output for the block, in which `sink` may be called once.

        Args:
            input: path of the input; None for inputs that are not paths.

        Raises:
            SinkError: as `claimed_target`.
        """
        with claimed_target(input, self._path, self._options.overwrite):
            yield

    @abstractmethod
    def check_size(self, width: int, height: int) -> None:
        """Check before hours of work that frames of a size in pixels can be written.

        Raises:
            SinkError: they are too large.
        """

    @abstractmethod
    def sink(self, like: VideoInfo, stats: Stats, threads: int) -> VideoSink:
        """Create the sink.

        Args:
            like: properties of the input.
            stats: receives the sink's counters and timings.
            threads: of the encoder; 0 lets it choose.

        Raises:
            VidstyleError: the output cannot be created, or the input not be opened again.
        """


class EncodedOutput(VideoOutput):
    """Output of one file or stream, written by an encoder of FFmpeg."""

    def __init__(self, path: Path, options: StylizeOptions, container: str) -> None:
        super().__init__(path, options)
        choose = partial(
            choose_encoder,
            path,
            options.codec,
            options.crf,
            options.preset,
            container,
            bitrate=options.bits_per_s,
            pix_fmt=options.pix_fmt,
        )
        keeps_hdr = options.hdr == "keep"
        self._encoder = choose(hdr=keeps_hdr)
        self._sdr_encoder = choose() if keeps_hdr else self._encoder
        self.is_deep = self._encoder.is_deep
        self.keeps_alpha = alpha_format(self._encoder, container) is not None

    def check_size(self, width: int, height: int) -> None:
        check_size(self._encoder, width, height)

    def for_input(self, like: VideoInfo) -> tuple[VideoInfo, Encoder]:
        """Return properties and encoder of the output: in HDR if the input is and that is kept."""
        if like.hdr and self._options.hdr == "keep":
            return like.in_hdr(), self._encoder
        return like, self._sdr_encoder


class VideoFile(EncodedOutput):
    """Video file with sound and subtitles."""

    can_keep_hdr = True

    def __init__(self, path: Path, options: StylizeOptions) -> None:
        container = CONTAINERS[path.suffix.lower()]
        super().__init__(path, options, container)
        if options.audio in AUDIO_ENCODERS:
            check_audio(container, options.audio)

    def sink(self, like: VideoInfo, stats: Stats, threads: int) -> FileSink:
        return FileSink(self._path, *self.for_input(like), stats, **self._more(like, threads))

    def parted_sink(
        self, like: VideoInfo, stats: Stats, threads: int, parts: PartFolder
    ) -> FileSink:
        """Create a sink that keeps finished parts; see `sink`."""
        info, encoder = self.for_input(like)
        return PartedSink(self._path, info, encoder, stats, parts, **self._more(like, threads))

    def encoding(self, like: VideoInfo, threads: int) -> str | None:
        """Encoder and its settings for an input; None if its packets cannot be kept in parts."""
        info, encoder = self.for_input(like)
        if info.has_alpha and encoder.kind.alpha_containers:  # as side data of packets
            return None
        options = " ".join(f"{name}={value}" for name, value in sorted(encoder.options.items()))
        color = "-".join(map(str, astuple(info.color)))
        return f"{encoder.name} {options} {encoder.pixels} {color} on {threads} threads"

    def _more(self, like: VideoInfo, threads: int) -> dict[str, Any]:
        """Further arguments of the sink."""
        return {
            "replace": self._options.overwrite,
            "threads": threads,
            "side_streams": side_streams_of(like, audio=self._options.audio),
        }


class StandardOutput(EncodedOutput):
    """Stream to standard output."""

    def __init__(self, path: Path, options: StylizeOptions) -> None:
        if options.quality == "full":
            names = ("quality", "output")
            raise OptionError("quality full must have a file as output, not -.", *names)
        container = STREAM_FORMATS[options.format]
        super().__init__(path, options, container)
        if options.audio in AUDIO_ENCODERS:
            check_audio(container, options.audio)

    @contextmanager
    def claimed(self, input: Path | None) -> Iterator[None]:
        if sys.stdout.isatty():
            raise SinkError("Standard output is the terminal. Redirect it to a file or a pipe.")
        with open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as self._pipe:
            yield

    def sink(self, like: VideoInfo, stats: Stats, threads: int) -> FileSink:
        return StreamSink(
            self._pipe,
            self._options.format,
            *self.for_input(like),
            stats,
            threads=threads,
            audio=self._options.audio,
        )


class Animation(EncodedOutput):
    """Animated picture file: GIF, WebP or PNG."""

    def __init__(self, path: Path, options: StylizeOptions) -> None:
        super().__init__(path, options, ANIMATIONS[path.suffix.lower()])

    def sink(self, like: VideoInfo, stats: Stats, threads: int) -> FileSink:
        kind = GifSink if self._path.suffix.lower() == ".gif" else AnimationSink
        return kind(
            self._path,
            like,
            self._encoder,
            stats,
            replace=self._options.overwrite,
            threads=threads,
            audio=self._options.audio,
        )


class PictureSequence(VideoOutput):
    """Numbered picture files, one for each frame."""

    def __init__(self, path: Path, options: StylizeOptions) -> None:
        super().__init__(path, options)
        names = _numbered(path)
        assert names is not None
        self._names = names
        is_jpeg = path.suffix.lower() in JPEG_SUFFIXES
        fixed = ("codec", "bitrate", "pix_fmt", *(() if is_jpeg else ("crf",)))
        if options.hdr == "keep":
            raise SinkError(f"{path.suffix} pictures hold no HDR here.", {"hdr": "tonemap"})
        for setting in fixed:
            if getattr(options, setting) is not None:
                raise SinkError(f"{path.suffix} has no {setting} to set.", {setting: None})
        self._jpeg_quality = JPEG_QUALITY if options.crf is None else percent_quality(options.crf)
        self.keeps_alpha = stores_alpha(path)

    @contextmanager
    def claimed(self, input: Path | None) -> Iterator[None]:
        self._check(input)
        with output_lock(self._path) as is_locked:
            self._check(input)  # another run may just have ended
            if is_locked:
                delete_stale_pictures(self._names, self._path)
            yield

    def check_size(self, width: int, height: int) -> None:
        check_photo_size(self._names.file(FIRST_NUMBER), width, height)

    def sink(self, like: VideoInfo, stats: Stats, threads: int) -> PictureSink:
        return PictureSink(
            self._path,
            like,
            stats,
            replace=self._options.overwrite,
            jpeg_quality=self._jpeg_quality,
            audio=self._options.audio,
        )

    def _check(self, input: Path | None) -> None:
        """Check that no picture is there, or that all may be replaced."""
        file = self._names.first_file() or self._names.file(FIRST_NUMBER)
        if input is not None and _holds(input, file):
            raise SinkError(f"{file} is of the input itself. Choose another name.", ELSEWHERE)
        check_target(input, file, self._options.overwrite)


def video_output(path: Path, options: StylizeOptions) -> VideoOutput:
    """Output of the kind that a name asks for, with the options checked against it.

    Args:
        path: "-" for standard output; a name with a number, as "frame_%04d.png", for pictures; a
            suffix in `CONTAINERS` or `ANIMATIONS`.
        options: encoder, sound and quality.

    Raises:
        SinkError: the name is of no known kind, or the kind does not support an option.
        OptionError: an option excludes the kind.
    """
    if path == STANDARD_STREAM:
        return StandardOutput(path, options)
    if _numbered(path) is not None:
        return PictureSequence(path, options)
    suffix = path.suffix.lower()
    if suffix in ANIMATIONS:
        return Animation(path, options)
    if suffix in CONTAINERS:
        return VideoFile(path, options)
    if suffix in PHOTO_SUFFIXES:
        numbered = f"{path.stem}_%04d{path.suffix}"
        raise SinkError(f"{path} is one picture. Number the frames: {path.with_name(numbered)}.")
    known = ", ".join([*CONTAINERS, *ANIMATIONS])
    raise SinkError(
        f'Cannot write "{path.name}": the name must end in {known}, or number pictures, '
        "as frame_%04d.png."
    )


def _numbered(path: Path) -> NumberedNames | None:
    """Names of a picture sequence; None for other paths, also films with a number's place."""
    return NumberedNames.parse(path) if path.suffix.lower() in PHOTO_SUFFIXES else None


def _holds(input: Path, file: Path) -> bool:
    """Whether a file is one of the pictures of an input, a folder or numbered names."""
    names = NumberedNames.parse(input)
    folder = input if names is None else names.folder
    inside = file.exists() and folder.is_dir() and file.parent.samefile(folder)
    return inside and (names is None or names.number(folder / file.name) is not None)


def output_exists(path: Path) -> bool:
    """Whether an output exists: a file, or a picture of a sequence."""
    names = _numbered(path)
    return path.exists() if names is None else names.first_file() is not None

"""Film optimizer: first the keyframes of all scenes are optimized, then all frames are rendered.

Rendering is that of `VideoStylizer`, with optimized keyframe paintings in place of a generator's,
and with polished frames between them.
"""

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

from vidstyle.frame import Checkpoint, Frame
from vidstyle.media.footage import FootageReader
from vidstyle.media.parts import PART_S, PartsByFrame, with_checkpoints
from vidstyle.optimize.budget import (
    DEFAULT_INTERVAL,
    INBETWEEN_SHARE,
    Budget,
    painting_time_s,
    plan_film,
)
from vidstyle.optimize.picture_optimizer import PictureOptimizer
from vidstyle.optimize.scene import Scene
from vidstyle.optimize.scene_detection import find_scenes
from vidstyle.optimize.scene_optimizer import PASSES, SceneOptimizer, scene_effort
from vidstyle.optimize.scene_painter import ScenePainter
from vidstyle.optimize.temporal_targets import keyframe_count
from vidstyle.optimize.work_folder import WorkFolder
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.painter_schedule import always
from vidstyle.stylize.stylizer import VideoStylizer

LONGEST_SCENE = 96  # keyframes, all held in memory: 200 MB at 512x288


class Film:
    """Film in two phases: `paint` optimizes keyframes into the work folder, `stylize` renders.

    `stylize` is that of a `FrameTransform`; the same thread need not call both.
    """

    def __init__(
        self,
        reader: FootageReader,
        optimizer: PictureOptimizer,
        options: StylizeOptions,
        work: WorkFolder,
        stats: Stats,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Detect the scenes, and choose keyframe interval and scale for the time budget.

        Args:
            reader: opens the film; the same as for the frames that `stylize` gets, since both
                choose the keyframes.
            optimizer: paints keyframes and polishes the frames between.
            options: `every`, `time_budget` and the working size are used.
            work: work folder for scenes, plan and finished paintings.
            stats: receives the counter "paintings" and `expected_paintings`.
            watch: called in the calling thread before each painting, and for each frame during
                scene detection; its exceptions end the work.

        Raises:
            VidstyleError: the input cannot be read, or the work folder cannot be used.
        """
        self._started = time.monotonic()  # scene detection is part of the time budget
        self.reader, self._optimizer, self._work = reader, optimizer, work
        self._stats, self._watch = stats, watch
        self._asked, self._first = options, 0
        longest = LONGEST_SCENE * (options.every or DEFAULT_INTERVAL)
        self.scenes = work.scenes(lambda: self._find_scenes(longest))
        self.options = self._planned()

    def paint(self) -> None:
        """Optimize every keyframe that is missing in the work folder.

        Raises:
            VidstyleError: the input ended early, the disk is full, or memory ran out.
        """
        every = self.options.every
        assert every is not None
        frames = sum(scene.frames for scene in self.scenes)
        keyframes = sum(keyframe_count(scene.frames, every) for scene in self.scenes)
        self._stats.expected_paintings = len(PASSES) * keyframes
        total = sum(scene_effort(scene, every) for scene in self.scenes)
        seconds = self.options.time_budget_s
        if seconds is not None:
            seconds = painting_time_s(frames, seconds) - (time.monotonic() - self._started)
        budget = Budget(seconds, total)
        painter = SceneOptimizer(
            self._optimizer, self.options, self._work, budget, self._stats, self._watch
        )
        with self.reader.open(Stats()) as source:
            rest = iter(source)
            for scene in self.scenes:
                painter.paint(scene, islice(rest, scene.frames))

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Yield one stylized frame for each frame, in order; scenes are rendered separately.

        Raises:
            SinkError: the work folder lacks a painting, or the disk is full.
            StyleError: memory ran out.
        """
        rest = iter(frames)
        for scene in self.scenes:
            if scene.start < self._first:
                continue
            painter = ScenePainter(self._optimizer, self._work, scene, self._inbetween_s())
            stylizer = VideoStylizer(always(painter), self.options, self._stats)
            yield from stylizer.stylize(islice(rest, scene.frames))

    def part_rule(self, rate: Fraction) -> PartsByFrame:
        """Rule for the parts of the film, which begin with scenes; `rate` in frames per second."""
        least, starts = round(PART_S * rate), [0]
        for scene in self.scenes:
            if scene.start - starts[-1] >= least:
                starts.append(scene.start)
        return PartsByFrame(tuple(starts))

    def start_at(self, checkpoint: Checkpoint) -> None:
        """Make `stylize` begin with the frame of a checkpoint, the first of a scene."""
        self._first = checkpoint.frame

    def clean_up(self) -> None:
        """Delete the work folder; called when the output is complete."""
        self._work.remove()

    def _inbetween_s(self) -> float:
        budget_s = self.options.time_budget_s
        frames = sum(scene.frames for scene in self.scenes)
        return math.inf if budget_s is None else INBETWEEN_SHARE * budget_s / frames

    def _planned(self) -> StylizeOptions:
        frames = sum(scene.frames for scene in self.scenes)
        with self.reader.open(Stats()) as source:
            width, height = self._asked.working_size_wh(source.info.width, source.info.height)
            picture = next(iter(source)).picture.resized(width, height)
        self.plan = plan = self._work.plan(
            lambda: plan_film(
                lambda every: sum(scene_effort(scene, every) for scene in self.scenes),
                frames,
                self._optimizer.evaluation_s(picture.to_rgb()),
                self._asked.time_budget_s,
                self._asked.every,
            )
        )
        lines = max(16, round(min(width, height) * plan.scale))
        return replace(self._asked, every=plan.every, max_height=lines, scale=None)

    def _find_scenes(self, longest: int) -> list[Scene]:
        with self.reader.open(Stats()) as source:
            return find_scenes(self._watched(source), longest)

    def _watched(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self._watch()
            yield frame

    def play(self) -> None:
        """Render all frames into the work folder alone, for another machine to show them."""
        with self.reader.open(Stats()) as source:
            for _ in self.stylize(islice(source, sum(scene.frames for scene in self.scenes))):
                self._watch()

    def starts(self, rule: PartsByFrame) -> list[Checkpoint]:
        """Checkpoints of the frames that parts begin with; decodes the film.

        Args:
            rule: for the bounds of the parts.
        """
        stats = Stats()
        with self.reader.open(stats) as source:
            frames = self._watched(with_checkpoints(source, rule, stats, None))
            return [frame.checkpoint for frame in frames if frame.checkpoint is not None]

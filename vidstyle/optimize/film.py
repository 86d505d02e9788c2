"""A film, painted scene by scene: first all keyframes are optimized, then the film is played.

Playing is what the fast mode does, with optimized paintings in place of a generator's, and with
frames polished between them.
"""

import math
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from vidstyle.frame import Frame
from vidstyle.media.source import FileSource
from vidstyle.optimize.budget import RETOUCHING, USUAL_EVERY, Budget, painting_time_s, plan_film
from vidstyle.optimize.picture_optimizer import PictureOptimizer
from vidstyle.optimize.scene_detection import Scene, find_scenes
from vidstyle.optimize.scene_optimizer import PASSES, SceneOptimizer, scene_effort
from vidstyle.optimize.scene_painter import ScenePainter
from vidstyle.optimize.temporal_targets import keyframe_count
from vidstyle.optimize.work_folder import WorkFolder
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.stylizer import VideoStylizer

LONGEST_SCENE = 96  # keyframes that are held in memory together: 200 MB at 512x288


class Film:
    """Paints a file's keyframes into a work folder, and then its frames from there."""

    def __init__(
        self,
        input: Path,
        optimizer: PictureOptimizer,
        options: StylizeOptions,
        work: WorkFolder,
        stats: Stats,
        threads: int,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Find the scenes and, where time is short, choose what to give up.

        Args:
            input: the file.
            optimizer: paints keyframes.
            options: `start`, `end`, `every`, `time_budget` and what concerns sizes count.
            work: keeps what is done.
            stats: gets "paintings" and how many are expected.
            threads: for the decoder.
            watch: called before each painting, and for each frame while scenes are found, in the
                calling thread; what it raises ends the work.
        """
        self._watch = watch
        self._started = time.monotonic()  # finding the scenes is part of the time budget
        self._input, self._optimizer, self._work = input, optimizer, work
        self._stats, self._threads = stats, threads
        self._asked = options
        longest = LONGEST_SCENE * (options.every or USUAL_EVERY)
        self.scenes = work.scenes(lambda: self._find_scenes(longest))
        self.options = self._planned()

    def paint(self) -> None:
        """Optimize every keyframe that the work folder lacks.

        Raises:
            VidstyleError: the input broke off, the disk is full, or memory ran out.
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
        with self._source() as source:
            rest = iter(source)
            for scene in self.scenes:
                painter.paint(scene, islice(rest, scene.frames))

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Yield one painted frame for each frame, in order; no scene sees another's frames.

        Raises:
            SinkError: the work folder lacks a painting.
        """
        rest = iter(frames)
        for scene in self.scenes:
            painter = ScenePainter(self._optimizer, self._work, scene, self._retouching_s())
            stylizer = VideoStylizer(painter, self.options, self._stats)
            yield from stylizer.stylize(islice(rest, scene.frames))

    def clean_up(self) -> None:
        """Delete the work: the film is finished."""
        self._work.remove()

    def _retouching_s(self) -> float:
        budget_s = self.options.time_budget_s
        frames = sum(scene.frames for scene in self.scenes)
        return math.inf if budget_s is None else RETOUCHING * budget_s / frames

    def _planned(self) -> StylizeOptions:
        frames = sum(scene.frames for scene in self.scenes)
        with self._source() as source:
            width, height = self._asked.working_size_wh(source.info.width, source.info.height)
            picture = next(iter(source)).picture.resized(width, height)
        plan = self._work.plan(
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
        with self._source() as source:
            return find_scenes(self._watched(source), longest)

    def _watched(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            self._watch()
            yield frame

    def _source(self) -> FileSource:
        return FileSource(
            self._input,
            Stats(),
            start_s=self._asked.start,
            end_s=self._asked.end,
            threads=self._threads,
        )

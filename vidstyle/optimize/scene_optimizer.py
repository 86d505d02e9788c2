"""The keyframes of one scene, optimized together so that they hold still.

After Ruder et al. (arXiv:1604.08610, 1708.04538): each starts from its neighbor's painting,
carried along the flow, and is held to it where the flow can be trusted; once through the scene
forwards, once backwards. In the end each is polished by itself, as the frames between will be: a
keyframe that is softer than those would be seen as a pulse.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from vidstyle.frame import Frame, RGBImage
from vidstyle.optimize.budget import Budget
from vidstyle.optimize.picture_optimizer import (
    COARSE_TO_FINE,
    POLISHING,
    PictureOptimizer,
    Stage,
    effort,
    memory_errors,
)
from vidstyle.optimize.scene_detection import Scene
from vidstyle.optimize.style_target import ColorMap
from vidstyle.optimize.temporal_targets import (
    SceneKeyframe,
    TemporalTarget,
    find_keyframes,
    keyframe_count,
    linked,
    own_target,
    targets_after,
    targets_before,
)
from vidstyle.optimize.work_folder import WorkFolder, frame_name
from vidstyle.options import Look
from vidstyle.stats import Stats

FORWARDS, BACKWARDS, POLISHED = "forwards", "backwards", "polished"  # as their files are called
PASSES = {FORWARDS: (Stage(1.0, 40),), BACKWARDS: (Stage(1.0, 24),), POLISHED: POLISHING}


@dataclass(eq=False)
class _Run:
    """The keyframes of a scene with their paintings; the first `given` are not to be changed."""

    scene: Scene
    keyframes: list[SceneKeyframe]
    paintings: list[RGBImage]
    colors: ColorMap  # one for all of them, so that what stands still keeps its color
    given: int = field(init=False)

    def __post_init__(self) -> None:
        self.given = len(self.paintings)


class SceneOptimizer:
    """Paints scenes one after the other, and keeps every painting in the work folder."""

    def __init__(
        self,
        optimizer: PictureOptimizer,
        look: Look,
        work: WorkFolder,
        budget: Budget,
        stats: Stats,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        self._optimizer, self._look = optimizer, look
        self._work, self._budget, self._stats = work, budget, stats
        self._watch = watch  # called before each painting; what it raises ends the work
        self._last: _Run | None = None  # of the scene before: its last keyframe

    def paint(self, scene: Scene, frames: Iterable[Frame]) -> None:
        """Paint the keyframes of a scene.

        Raises:
            SinkError: the disk refused, or the work folder is damaged.
            StyleError: memory ran out.
        """
        run = self._opened(scene, find_keyframes(frames, self._look))
        if not self._is_finished(run):
            self._forwards(run)
            self._backwards(run)
        self._polish(run)
        for keyframe in run.keyframes[run.given :]:
            self._work.drop(scene, frame_name(keyframe.number, FORWARDS))
            self._work.drop(scene, frame_name(keyframe.number, BACKWARDS))
        self._last = _Run(scene, run.keyframes[-1:], run.paintings[-1:], run.colors)

    def _opened(self, scene: Scene, keyframes: list[SceneKeyframe]) -> _Run:
        if scene.continues and self._last is not None:
            (last,) = self._last.keyframes
            keyframes = [last, linked(last, keyframes[0]), *keyframes[1:]]
            return _Run(scene, keyframes, self._last.paintings, self._last.colors)
        return _Run(
            scene,
            keyframes,
            [],
            self._optimizer.color_map([keyframe.image for keyframe in keyframes]),
        )

    def _is_finished(self, run: _Run) -> bool:
        """Whether the last pass is through; its paintings are then all that is needed."""
        found = [self._kept(run, keyframe, POLISHED) for keyframe in run.keyframes[run.given :]]
        complete = [painting for painting in found if painting is not None]
        if len(complete) < len(found):
            return False
        run.paintings += complete
        return True

    def _forwards(self, run: _Run) -> None:
        """Each keyframe from those before it; the first of a scene from nothing but itself."""
        for index in range(run.given, len(run.keyframes)):
            targets = targets_before(run.keyframes, run.paintings, index)
            run.paintings.append(self._painted(run, index, FORWARDS, targets, None))

    def _backwards(self, run: _Run) -> None:
        """Each keyframe from its own painting, held to its neighbors on both sides."""
        for index in reversed(range(run.given, len(run.keyframes))):
            targets = targets_after(run.keyframes, run.paintings, index)
            targets += targets_before(run.keyframes, run.paintings, index)[:1]
            own = run.paintings[index]
            run.paintings[index] = self._painted(run, index, BACKWARDS, targets, own)

    def _polish(self, run: _Run) -> None:
        for index in range(run.given, len(run.keyframes)):
            targets = [own_target(run.paintings[index])]
            run.paintings[index] = self._painted(run, index, POLISHED, targets, None)

    def _painted(
        self, run: _Run, index: int, way: str, targets: list[TemporalTarget], own: RGBImage | None
    ) -> RGBImage:
        """A keyframe's painting of one pass: the one that was kept, or a new one."""
        self._watch()
        stages = PASSES[way] if targets or own is not None else COARSE_TO_FINE
        keyframe = run.keyframes[index]
        painting = self._kept(run, keyframe, way)
        if painting is None:
            painting = self._repeated(run, index, way)
            if painting is None:
                seconds = self._budget.seconds_for(effort(stages))
                with memory_errors(keyframe.image):
                    painting = self._optimizer.paint(
                        keyframe.image, stages, seconds, targets, own, run.colors
                    )
            self._work.keep(run.scene, frame_name(keyframe.number, way), painting)
        self._budget.spend(effort(stages))
        self._stats.count("paintings")
        return painting

    def _kept(self, run: _Run, keyframe: SceneKeyframe, way: str) -> RGBImage | None:
        height, width = keyframe.image.shape[:2]
        return self._work.painting(run.scene, frame_name(keyframe.number, way), (width, height))

    def _repeated(self, run: _Run, index: int, way: str) -> RGBImage | None:
        """A neighbor's painting of the same pass, if it shows exactly the same: a still film."""
        image = run.keyframes[index].image
        for neighbor in (index - 1, index + 1):
            if not run.given <= neighbor < len(run.keyframes):
                continue
            keyframe = run.keyframes[neighbor]
            if np.array_equal(keyframe.image, image):
                painting = self._kept(run, keyframe, way)
                if painting is not None:
                    return painting
        return None


def scene_effort(scene: Scene, every: int) -> float:
    """Evaluations that a scene without cuts takes at most, in both passes."""
    keyframes = keyframe_count(scene.frames, every)
    first = 0.0 if scene.continues else effort(COARSE_TO_FINE) - effort(PASSES[FORWARDS])
    return first + keyframes * sum(effort(stages) for stages in PASSES.values())

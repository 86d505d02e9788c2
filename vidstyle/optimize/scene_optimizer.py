"""Scene optimizer: keyframes of one scene, optimized with a temporal loss against flicker.

After Ruder et al. (arXiv:1604.08610, 1708.04538): each keyframe starts from its neighbor's
painting, warped along the flow, with a temporal loss weighted by the flow's confidence; one pass
forwards through the scene, one backwards. At last each is polished by itself, like the frames
between: a keyframe softer than those would pulse.
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
from vidstyle.optimize.scene import Scene
from vidstyle.optimize.style_target import ColorMap
from vidstyle.optimize.temporal_targets import (
    SceneKeyframe,
    TemporalTarget,
    find_keyframes,
    keyframe_count,
    linked,
    self_target,
    targets_after,
    targets_before,
)
from vidstyle.optimize.work_folder import WorkFolder, frame_name
from vidstyle.options import Look
from vidstyle.stats import Stats

FORWARDS, BACKWARDS, POLISHED = "forwards", "backwards", "polished"  # part of the file names
PASSES = {FORWARDS: (Stage(1.0, 40),), BACKWARDS: (Stage(1.0, 24),), POLISHED: POLISHING}


@dataclass(eq=False)
class _Run:
    """Keyframes of a scene with their paintings so far."""

    scene: Scene
    keyframes: list[SceneKeyframe]
    paintings: list[RGBImage]
    colors: ColorMap  # one for all keyframes, so that static content keeps its color
    fixed_count: int = field(init=False)  # leading keyframes of the scene before, not changed

    def __post_init__(self) -> None:
        self.fixed_count = len(self.paintings)


class SceneOptimizer:
    """Optimizer of scenes in order; stores every painting in the work folder. For one thread."""

    def __init__(
        self,
        optimizer: PictureOptimizer,
        look: Look,
        work: WorkFolder,
        budget: Budget,
        stats: Stats,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Make an optimizer for the scenes of one film.

        Args:
            optimizer: paints single keyframes.
            look: working size and keyframe interval.
            work: work folder for the paintings.
            budget: seconds for each painting.
            stats: receives the counter "paintings".
            watch: called before each painting, in the calling thread; its exceptions end the work.
        """
        self._optimizer, self._look = optimizer, look
        self._work, self._budget, self._stats = work, budget, stats
        self._watch = watch
        self._last: _Run | None = None  # the last keyframe of the scene before

    def paint(self, scene: Scene, frames: Iterable[Frame]) -> None:
        """Optimize the keyframes of a scene; finished paintings are taken from the work folder.

        Args:
            scene: the scene that follows the last one.
            frames: its frames, all of them, in order.

        Raises:
            SinkError: a disk error, or the work folder is damaged.
            StyleError: memory ran out.
        """
        run = self._start_run(scene, find_keyframes(frames, self._look))
        if not self._is_finished(run):
            self._forwards(run)
            self._backwards(run)
        self._polish(run)
        for keyframe in run.keyframes[run.fixed_count :]:
            self._work.drop(scene, frame_name(keyframe.number, FORWARDS))
            self._work.drop(scene, frame_name(keyframe.number, BACKWARDS))
        self._last = _Run(scene, run.keyframes[-1:], run.paintings[-1:], run.colors)

    def _start_run(self, scene: Scene, keyframes: list[SceneKeyframe]) -> _Run:
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
        """Whether the work folder holds all paintings of the last pass, which are then loaded."""
        found = [
            self._kept(run, keyframe, POLISHED) for keyframe in run.keyframes[run.fixed_count :]
        ]
        complete = [painting for painting in found if painting is not None]
        if len(complete) < len(found):
            return False
        run.paintings += complete
        return True

    def _forwards(self, run: _Run) -> None:
        """Optimize keyframes in order, each with its predecessors as temporal targets."""
        for index in range(run.fixed_count, len(run.keyframes)):
            targets = targets_before(run.keyframes, run.paintings, index)
            run.paintings.append(self._painted(run, index, FORWARDS, targets, None))

    def _backwards(self, run: _Run) -> None:
        """Optimize in reverse order, from the forward painting, with both neighbors as targets."""
        for index in reversed(range(run.fixed_count, len(run.keyframes))):
            targets = targets_after(run.keyframes, run.paintings, index)
            targets += targets_before(run.keyframes, run.paintings, index)[:1]
            initial = run.paintings[index]
            run.paintings[index] = self._painted(run, index, BACKWARDS, targets, initial)

    def _polish(self, run: _Run) -> None:
        for index in range(run.fixed_count, len(run.keyframes)):
            targets = [self_target(run.paintings[index])]
            run.paintings[index] = self._painted(run, index, POLISHED, targets, None)

    def _painted(
        self,
        run: _Run,
        index: int,
        pass_name: str,
        targets: list[TemporalTarget],
        initial: RGBImage | None,
    ) -> RGBImage:
        """Painting of a keyframe in one pass, from the work folder or optimized now."""
        self._watch()
        stages = PASSES[pass_name] if targets or initial is not None else COARSE_TO_FINE
        keyframe = run.keyframes[index]
        painting = self._kept(run, keyframe, pass_name)
        if painting is None:
            painting = self._identical_neighbor(run, index, pass_name)
            if painting is None:
                seconds = self._budget.seconds_for(effort(stages))
                with memory_errors(keyframe.image):
                    painting = self._optimizer.paint(
                        keyframe.image, stages, seconds, targets, initial, run.colors
                    )
            self._work.keep(run.scene, frame_name(keyframe.number, pass_name), painting)
        self._budget.spend(effort(stages))
        self._stats.count("paintings")
        return painting

    def _kept(self, run: _Run, keyframe: SceneKeyframe, pass_name: str) -> RGBImage | None:
        """Painting of a keyframe in one pass from the work folder, if it is there."""
        height, width = keyframe.image.shape[:2]
        return self._work.painting(
            run.scene, frame_name(keyframe.number, pass_name), (width, height)
        )

    def _identical_neighbor(self, run: _Run, index: int, pass_name: str) -> RGBImage | None:
        """Painting of a neighbor with identical pixels in the same pass, as in a static film."""
        image = run.keyframes[index].image
        for neighbor in (index - 1, index + 1):
            if not run.fixed_count <= neighbor < len(run.keyframes):
                continue
            keyframe = run.keyframes[neighbor]
            if np.array_equal(keyframe.image, image):
                painting = self._kept(run, keyframe, pass_name)
                if painting is not None:
                    return painting
        return None


def scene_effort(scene: Scene, every: int) -> float:
    """Return the largest number of full-size evaluations of a scene, over all its passes."""
    keyframes = keyframe_count(scene.frames, every)
    first = 0.0 if scene.continues else effort(COARSE_TO_FINE) - effort(PASSES[FORWARDS])
    return first + keyframes * sum(effort(stages) for stages in PASSES.values())

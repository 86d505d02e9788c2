"""The keyframes of one scene, optimized together so that they hold still.

After Ruder et al. (arXiv:1604.08610, 1708.04538): each starts from its neighbor's painting,
carried along the flow, and is held to it where the flow can be trusted; once through the scene
forwards, once backwards. In the end each is polished by itself, as the frames between will be: a
keyframe that is softer than those would be seen as a pulse.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

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
    Key,
    Saying,
    find_keys,
    following,
    keys_in,
    said_after,
    said_before,
    said_of_itself,
)
from vidstyle.optimize.work_folder import WorkFolder, file_name
from vidstyle.options import Look
from vidstyle.stats import Stats

FORWARDS, BACKWARDS, POLISHED = "forwards", "backwards", "polished"  # as their files are called
PASSES = {FORWARDS: (Stage(1.0, 40),), BACKWARDS: (Stage(1.0, 24),), POLISHED: POLISHING}


@dataclass(eq=False)
class _Run:
    """The keyframes of a scene with their paintings; the first `given` are not to be changed."""

    scene: Scene
    keys: list[Key]
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
    ) -> None:
        self._optimizer, self._look = optimizer, look
        self._work, self._budget, self._stats = work, budget, stats
        self._last: _Run | None = None  # of the scene before: its last keyframe

    def paint(self, scene: Scene, frames: Iterable[Frame]) -> None:
        """Paint the keyframes of a scene.

        Raises:
            SinkError: the disk refused, or the work folder is damaged.
            StyleError: memory ran out.
        """
        run = self._opened(scene, find_keys(frames, self._look))
        if not self._is_finished(run):
            self._forwards(run)
            self._backwards(run)
        self._polish(run)
        for key in run.keys[run.given :]:
            self._work.drop(scene, file_name(key.image, FORWARDS))
            self._work.drop(scene, file_name(key.image, BACKWARDS))
        self._last = _Run(scene, run.keys[-1:], run.paintings[-1:], run.colors)

    def _opened(self, scene: Scene, keys: list[Key]) -> _Run:
        if scene.continues and self._last is not None:
            (last,) = self._last.keys
            keys = [last, following(last, keys[0]), *keys[1:]]
            return _Run(scene, keys, self._last.paintings, self._last.colors)
        return _Run(scene, keys, [], self._optimizer.color_map([key.image for key in keys]))

    def _is_finished(self, run: _Run) -> bool:
        """Whether the last pass is through; its paintings are then all that is needed."""
        found = [
            self._work.painting(run.scene, file_name(key.image, POLISHED))
            for key in run.keys[run.given :]
        ]
        complete = [painting for painting in found if painting is not None]
        if len(complete) < len(found):
            return False
        run.paintings += complete
        return True

    def _forwards(self, run: _Run) -> None:
        """Each keyframe from those before it; the first of a scene from nothing but itself."""
        for index in range(run.given, len(run.keys)):
            says = said_before(run.keys, run.paintings, index)
            run.paintings.append(self._painted(run, index, FORWARDS, says, None))

    def _backwards(self, run: _Run) -> None:
        """Each keyframe from its own painting, held to its neighbors on both sides."""
        for index in reversed(range(run.given, len(run.keys))):
            says = said_after(run.keys, run.paintings, index)
            says += said_before(run.keys, run.paintings, index)[:1]
            own = run.paintings[index]
            run.paintings[index] = self._painted(run, index, BACKWARDS, says, own)

    def _polish(self, run: _Run) -> None:
        for index in range(run.given, len(run.keys)):
            says = [said_of_itself(run.paintings[index])]
            run.paintings[index] = self._painted(run, index, POLISHED, says, None)

    def _painted(
        self, run: _Run, index: int, way: str, says: list[Saying], own: RGBImage | None
    ) -> RGBImage:
        """A keyframe's painting of one pass: the one that was kept, or a new one."""
        stages = PASSES[way] if says or own is not None else COARSE_TO_FINE
        key = run.keys[index]
        name = file_name(key.image, way)
        painting = self._work.painting(run.scene, name)
        if painting is None:
            seconds = self._budget.seconds_for(effort(stages))
            with memory_errors(key.image):
                painting = self._optimizer.paint(key.image, stages, seconds, says, own, run.colors)
            self._work.keep(run.scene, name, painting)
        self._budget.spend(effort(stages))
        self._stats.count("paintings")
        return painting


def scene_effort(scene: Scene, every: int) -> float:
    """Evaluations that a scene without cuts takes at most, in both passes."""
    keys = keys_in(scene.frames, every)
    first = 0.0 if scene.continues else effort(COARSE_TO_FINE) - effort(PASSES[FORWARDS])
    return first + keys * sum(effort(stages) for stages in PASSES.values())

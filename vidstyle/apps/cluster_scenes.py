"""Full quality on a cluster: workers paint scenes, and the coordinator plays the film from them.

Modules with PyTorch are imported inside functions. `paint_scenes` and `painting_misfit` run on the
workers.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from vidstyle.apps.cluster import (
    ALONE,
    local_path,
    localized,
    portable,
    run_tasks,
    style_files,
)
from vidstyle.apps.optimized import delivery, offline_extra, painting_of
from vidstyle.cluster.connection import Question, worker_cores
from vidstyle.cluster.dispatch import DamagedResultError
from vidstyle.cluster.shared_files import SharedFile, SharedFiles
from vidstyle.errors import SourceError, VidstyleError
from vidstyle.frame import Checkpoint
from vidstyle.media.footage import FootageReader
from vidstyle.media.parts import PartsByFrame
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

if TYPE_CHECKING:
    from vidstyle.optimize.budget import FilmPlan
    from vidstyle.optimize.film import Film
    from vidstyle.optimize.scene import Scene
    from vidstyle.optimize.work_folder import WorkFolder

NAME = "film.work"  # of the work folder on a worker


@dataclass(frozen=True, slots=True)
class SceneOrder:
    """All that a worker needs to paint consecutive scenes."""

    input: str  # name of a shared file
    options: StylizeOptions
    scenes: Sequence["Scene"]  # the first one continues no other
    plan: "FilmPlan"
    start: Checkpoint  # of the first scene
    keep_alpha: bool  # as in `FootageReader`
    deep: bool


def paint_on_cluster(
    film: "Film",
    options: StylizeOptions,
    work: "WorkFolder",
    stats: Stats,
    watch: Callable[[], None],
) -> None:
    """Have the scenes painted that are missing in the work folder, keyframes and all other frames.

    Args:
        film: with its scenes and its plan.
        options: of the conversion; they name the cluster.
        work: receives the paintings.
        stats: receives the number of workers, and counts paintings while they arrive.
        watch: called regularly in the calling thread; its exceptions end the work.

    Raises:
        SourceError: the input is a sequence of pictures.
        VidstyleError: as `run_tasks`.
    """
    input = film.reader.footage
    if not isinstance(input, Path):
        raise SourceError("A cluster converts video files, no pictures.", ALONE)
    groups = [group for group in _groups(film.scenes) if not _is_painted(group, work)]
    if not groups:
        return
    rule = PartsByFrame(tuple(group[0].start for group in _groups(film.scenes)))
    starts = {checkpoint.frame: checkpoint for checkpoint in film.starts(rule)}
    frames = sum(scene.frames for scene in film.scenes)
    stats.expected_paintings = sum(scene.frames for group in groups for scene in group)
    tasks = dict[str, Any]()
    for group in groups:
        share = sum(scene.frames for scene in group) / frames
        order = SceneOrder(
            input=str(input),
            options=_with_budget(portable(options), share),
            scenes=group,
            plan=film.plan,
            start=starts[group[0].start],
            keep_alpha=film.reader.keep_alpha,
            deep=film.reader.deep,
        )
        tasks[f"Scene {group[0].number + 1}"] = (paint_scenes, order)

    def received(name: str, paintings: Mapping[str, tuple[str, bytes]]) -> None:
        for digest, content in paintings.values():
            if hashlib.sha256(content).hexdigest() != digest:
                raise DamagedResultError(f"{name} was damaged on its way.")
        for file, (_, content) in paintings.items():
            work.take(file, content)
        stats.count("paintings", len(paintings))

    painting = hashlib.sha256(painting_of(options.style_plan).tobytes()).hexdigest()
    fit = Question(painting_misfit, (portable(options), painting))
    weights = [] if options.feature_weights is None else [options.feature_weights]
    shared = SharedFiles([input, *style_files(options), *weights])
    run_tasks(options, tasks, received, fit, shared, stats, watch)
    stats.set_count("paintings", 0)  # the film counts them again


def _groups(scenes: Sequence["Scene"]) -> list[list["Scene"]]:
    """Scenes with those that continue them."""
    groups = list[list["Scene"]]()
    for scene in scenes:
        if groups and scene.continues:
            groups[-1].append(scene)
        else:
            groups.append([scene])
    return groups


def _is_painted(group: Sequence["Scene"], work: "WorkFolder") -> bool:
    return all(work.count(scene) >= scene.frames for scene in group)


def _with_budget(options: StylizeOptions, share: float) -> StylizeOptions:
    """Options with a share of the time budget, if there is one."""
    if options.time_budget_s is None:
        return options
    return replace(options, time_budget=f"{max(1.0, share * options.time_budget_s):.0f}s")


def painting_misfit(
    options: StylizeOptions, digest: str, files: Mapping[str, SharedFile]
) -> str | None:
    """Why a worker's painting does not fit; None if it does. Runs on the worker."""
    try:
        own = painting_of(localized(options, files).style_plan)
    except VidstyleError as error:
        return error.message
    is_same = hashlib.sha256(own.tobytes()).hexdigest() == digest
    return None if is_same else f"its painting {options.style} is another one."


def paint_scenes(
    order: SceneOrder, files: Mapping[str, SharedFile]
) -> dict[str, tuple[str, bytes]]:
    """Paint scenes on a worker; return SHA-256 and content of the files, by name.

    Raises:
        VidstyleError: the extra is missing, or the input or the painting fails.
    """
    options = replace(localized(order.options, files), threads=worker_cores())
    with offline_extra():
        from vidstyle.optimize.film import Film
        from vidstyle.optimize.generator import open_optimizer
        from vidstyle.optimize.work_folder import WorkFolder
    with TemporaryDirectory(prefix="vidstyle-") as place:
        work = WorkFolder(Path(place) / NAME, {})
        work.scenes(lambda: list(order.scenes))
        work.plan(lambda: order.plan)
        optimizer = open_optimizer(
            painting_of(options.style_plan),
            options.features,
            options.feature_weights,
            options.threads,
            *delivery(options.style_plan),
            options.device,
        )
        reader = FootageReader(
            local_path(files[order.input]),
            options,
            worker_cores(),
            order.keep_alpha,
            order.deep,
            order.start,
        )
        film = Film(reader, optimizer, options, work, Stats())
        film.paint()
        film.play()
        contents = [item for scene in order.scenes for item in work.contents(scene).items()]
        return {name: (hashlib.sha256(content).hexdigest(), content) for name, content in contents}

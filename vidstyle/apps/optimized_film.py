"""Film in full quality: painted on this machine or on a cluster, then played like any other.

Modules with PyTorch are imported inside functions.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.apps.cluster_scenes import paint_on_cluster
from vidstyle.apps.optimized import delivery, offline_extra, painting_of
from vidstyle.apps.work import claimed_work_folder
from vidstyle.frame import RGBImage
from vidstyle.media.file_identity import content_digest
from vidstyle.media.footage import FootageReader, footage_digest, open_footage
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats

if TYPE_CHECKING:
    from vidstyle.optimize.film import Film

# Settings that change the paintings of keyframes.
PAINTING_SETTINGS = (
    "features", "feature_weights", "every", "scale", "max_height", "size", "fps", "start", "end",
    "time_budget",
)  # fmt: skip


@contextmanager
def optimized_film(
    reader: FootageReader,
    output: Path,
    options: StylizeOptions,
    stats: Stats,
    watch: Callable[[], None],
) -> Iterator["Film"]:
    """Optimize the keyframes of a film and yield it as a `FrameTransform` for its frames.

    Finished parts are kept in the work folder, OUTPUT.work, from which the same call resumes after
    an interruption. It is deleted when the block ends without an exception.

    Args:
        reader: opens the input; also the frames to stylize are read by it.
        output: path of the result; the work folder is beside it.
        options: painting, feature network, time budget, range of time and working size.
        stats: receives the counter "paintings", their expected number, and timings.
        watch: called by the calling thread after each painting and during scene detection; an
            exception that it raises ends the work.

    Raises:
        MissingExtraError: PyTorch or PySceneDetect is not installed, or Dask for a cluster.
        ClusterError: the cluster cannot be reached, or its workers fail.
        VidstyleError: the painting, the weights, the input or the work folder cannot be used.
    """
    painting = painting_of(options.style_plan)
    with open_footage(reader.footage, Stats(), start_s=options.start, end_s=options.end):
        pass  # raises the errors of an unusable input before any work
    with offline_extra():
        from vidstyle.optimize.film import Film
        from vidstyle.optimize.generator import open_optimizer
        from vidstyle.optimize.work_folder import WorkFolder
    stats.time_limit_s = options.time_budget_s
    with claimed_work_folder(output, options) as folder:
        work = WorkFolder(folder, _manifest(reader, painting, options))
        optimizer = open_optimizer(
            painting,
            options.features,
            options.feature_weights,
            options.threads,
            *delivery(options.style_plan),
            options.device,
        )
        film = Film(reader, optimizer, options, work, stats, watch)
        if options.cluster is not None:
            paint_on_cluster(film, options, work, stats, watch)
        film.paint()
        yield film
        film.clean_up()


def _manifest(reader: FootageReader, painting: RGBImage, options: StylizeOptions) -> dict[str, Any]:
    """Inputs and settings that the paintings in a work folder depend on."""
    pictures = {"transparency kept": reader.keep_alpha, "16-bit frames": reader.deep}
    return {
        "input": footage_digest(reader.footage, content_digest),
        "painting": hashlib.sha256(painting.tobytes()).hexdigest(),
        "settings": {**{name: getattr(options, name) for name in PAINTING_SETTINGS}, **pictures},
    }

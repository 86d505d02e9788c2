"""Names of a batch's results: NAME.STYLE.SUFFIX, or longer where inputs would share one."""

import hashlib
import itertools
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from vidstyle.apps.batch_inputs import BatchRequest, InputFile
from vidstyle.apps.inputs import result_stem
from vidstyle.apps.video_outputs import output_exists
from vidstyle.media.atomic import short_name
from vidstyle.media.image_file import READABLE_SUFFIXES, result_suffix
from vidstyle.options import STANDARD_STREAM

log = logging.getLogger(__name__)


class OutputNames:
    """Unique output paths of a batch: shared by no inputs, and independent of their order.

    So a result never changes hands when inputs are added.
    """

    def __init__(
        self, request: BatchRequest, files: Sequence[InputFile], names_of: Mapping[str | None, str]
    ) -> None:
        self._request, self._taken = request, set[str]()
        self._stems = {file: _stems(file.path) for file in files}
        styles = list(names_of.values())
        self._places = self._chosen_places(styles[0])  # of the stems
        self._warn_of_shared_results(styles)

    def free(self, file: InputFile, style: str) -> Path:
        """Return a free output for a file in a style, and reserve it."""
        stem = self._stems[file][self._places[file]]
        more = (f"{stem}-{n}" for n in itertools.count(2))  # for a file that is given twice
        paths = (self._path(file, each, style) for each in itertools.chain([stem], more))
        path = next(each for each in paths if path_key(each) not in self._taken)
        self._taken.add(path_key(path))
        return path

    def _path(self, file: InputFile, stem: str, style: str) -> Path:
        output = self._request.output
        folder = file.path.parent if output is None else output / file.subfolder
        return folder / short_name(stem, f".{style}{_ending(self._request, file.path)}")

    def _chosen_places(self, style: str) -> dict[InputFile, int]:
        """Choose the first stem of each file that makes an output of its own."""
        places = dict.fromkeys(self._stems, 0)
        while True:
            keys = {
                file: path_key(self._path(file, self._stems[file][place], style))
                for file, place in places.items()
            }
            counts = Counter(keys.values())
            shared = [
                file
                for file, place in places.items()
                if counts[keys[file]] > 1 and place + 1 < len(self._stems[file])
            ]
            if not shared:
                return places
            for file in shared:
                places[file] += 1

    def _warn_of_shared_results(self, styles: Sequence[str]) -> None:
        """Tell of earlier results whose names several inputs share."""
        found = dict[Path, Path]()  # with the new name of an input
        for file, place in self._places.items():
            stems = self._stems[file]
            for style in styles if place else []:
                earlier = self._path(file, stems[0], style)
                if earlier not in found and output_exists(earlier):
                    found[earlier] = self._path(file, stems[place], style)
        if found:
            first, new = next(iter(found.items()))
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            log.warning(
                "Several inputs share the name of %s, an earlier result%s. It stays, and counts "
                "for none of them; their results have longer names, as %s.",
                first,
                more,
                new.name,
            )


def path_key(file: Path) -> str:
    """Key that all paths of a file share, also on file systems that ignore case."""
    return os.path.realpath(file).casefold()


def _stems(file: Path) -> list[str]:
    """Beginnings of the names of a file's results, by preference; fewer files share later ones."""
    stem = result_stem(file)
    name = file.name if file.name and file != STANDARD_STREAM else stem
    path = file.absolute()
    place = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    return [stem, name, f"{path.parent.name}-{name}", f"{name}-{place}"]


def _ending(request: BatchRequest, file: Path) -> str:
    """Suffix of a file's result: a picture's own, or that of videos."""
    is_picture = file.suffix.lower() in {*READABLE_SUFFIXES} & {*request.suffixes}
    return result_suffix(file.suffix) if is_picture else request.suffix

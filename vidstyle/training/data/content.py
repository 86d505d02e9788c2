"""Content of a training by its options: photos, example paintings or generated pictures."""

from dataclasses import replace
from pathlib import Path

from vidstyle.errors import Note
from vidstyle.options import TrainOptions
from vidstyle.stylize.exposure import with_normal_exposure
from vidstyle.training.data.dataset import Content, procedural_content, read_content
from vidstyle.training.data.examples import read_examples

GENERATED_NOTE = Note(
    "It learned on generated pictures. On photos their style loss was 14 % higher than that of a "
    "style learned on photos (1.97 and 1.73, the Starry Night): give a folder of some.",
    {"content": ...},
)


def training_content(options: TrainOptions) -> tuple[Content, Content | None, list[str]]:
    """Training pictures with normalized exposure, their example paintings, and notes for the user.

    Pictures have that exposure at inference too; the examples are of the photos as they are.

    Raises:
        SourceError: a folder does not exist, or nothing in it can be used.
    """
    if options.content is None:
        content, examples = procedural_content(seed=options.seed), None
        remarks = list[str]([GENERATED_NOTE])
    else:
        content, examples = _read_content(Path(options.content), options)
        remarks = _left_out(content)
    even = [with_normal_exposure(image) for image in content.images]
    return replace(content, images=even), examples, remarks


def _read_content(folder: Path, options: TrainOptions) -> tuple[Content, Content | None]:
    if options.examples is None:
        return read_content(folder, seed=options.seed), None
    return read_examples(Path(options.examples), folder, seed=options.seed)


def _left_out(content: Content) -> list[str]:
    """Notes on files that were not learned from."""
    notes = []
    if content.skipped:
        count = len(content.skipped)
        notes.append(f"{count} of {count + len(content.images)} skipped: {content.skipped[0]}")
    if content.results:
        files = "file" if content.results == 1 else "files"
        notes.append(
            f"{content.results} {files} made by vidstyle left out, as results are no photos"
        )
    return notes

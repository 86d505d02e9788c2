"""Remarks on a conversion: parts of the input that were lost, and corrections."""

from vidstyle.errors import ELSEWHERE, Note
from vidstyle.media.footage import FootageSource
from vidstyle.media.image_sequence import ImageSequence
from vidstyle.media.info import VideoInfo
from vidstyle.media.tone_mapping import WHITE_NITS
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats


def damage_of(source: FootageSource, stats: Stats) -> list[str]:
    """Messages on parts of the input that could not be decoded."""
    damage = []
    if stats["corrupt packets"]:
        damage.append(f"{_counted(stats['corrupt packets'], 'packet')} could not be decoded")
    if stats["unreadable pictures"]:
        pictures = _counted(stats["unreadable pictures"], "picture")
        damage.append(f"{pictures} could not be read; those before them are shown longer")
    if stats["damaged frames"]:
        damage.append(f"{_counted(stats['damaged frames'], 'frame')} may show damage")
    if source.lost_s:
        expected = source.info.expected_frames
        of = f" of {source.info.duration_s:.1f} s" if source.info.duration_s else ""
        frames = f", about {max(0, expected - stats['frames'])} frames" if expected else ""
        damage.append(f"the end of the input is missing: {source.lost_s:.1f} s{of}{frames}")
    return damage


def notes_on_sequence(sequence: ImageSequence, options: StylizeOptions) -> list[str]:
    """Messages on the rate that was assumed, and on missing numbers."""
    notes = list[str]()
    if options.rate is None:
        text = f"{float(sequence.rate):g} pictures a second, as no rate was given"
        notes.append(Note(text, {"fps": ...}))
    if sequence.missing:
        are = "picture is" if sequence.missing == 1 else "pictures are"
        first, *others = sequence.gaps
        places = f" and in {_counted(len(others), 'other place')}" if others else ""
        notes.append(
            f"{sequence.missing} {are} missing after {first.name}{places}: "
            "the one before is shown longer"
        )
    return notes


def remarks_on(
    info: VideoInfo, stats: Stats, options: StylizeOptions, *, can_keep_hdr: bool
) -> list[str]:
    """Messages on other corrections: HDR, deinterlacing, times, shape and transparency.

    Args:
        info: properties of the input.
        stats: counters of its source.
        options: of the output.
        can_keep_hdr: whether the output could be HDR.
    """
    remarks = list[str]()
    if info.hdr and options.hdr == "keep":
        remarks.append(f"the output is HDR ({info.hdr}), too; its white is at {WHITE_NITS:g} nits")
    elif info.hdr:
        note = f"the input is HDR ({info.hdr}): it was tone-mapped to SDR, BT.709"
        remarks.append(Note(note, {"hdr": "keep"}) if can_keep_hdr else note)
    if stats["interlaced"]:
        remarks.append("the input was interlaced: its fields were joined into whole pictures")
    if stats["clock restarts"]:
        times = _counted(stats["clock restarts"], "time")
        remarks.append(f"the input's clock started again {times}: its parts were joined")
    if stats["repeated times"]:
        frames = _counted(stats["repeated times"], "frame")
        own = "its" if stats["repeated times"] == 1 else "their"
        remarks.append(f"{frames} had no time of {own} own and got one")
    if stats["fitted frames"]:
        frames = _counted(stats["fitted frames"], "frame")
        remarks.append(f"the picture changes its shape: {frames} got black bars")
    if stats["transparent frames"]:
        note = "transparent parts became white"
        kept = "; .webm keeps them, .webp, .gif, and prores in .mov"
        remarks.append(note if options.compare else Note(note + kept, ELSEWHERE))
    return remarks


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"

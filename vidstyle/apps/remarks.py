"""Remarks on a conversion: parts of the input that were lost, and corrections."""

from vidstyle.errors import ELSEWHERE, Note
from vidstyle.media.info import VideoInfo
from vidstyle.media.source import FileSource
from vidstyle.media.tone_mapping import WHITE_NITS
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats


def damage_of(source: FileSource, stats: Stats) -> list[str]:
    """Messages on parts of the input that could not be decoded."""
    damage = []
    if stats["corrupt packets"]:
        damage.append(f"{_counted(stats['corrupt packets'], 'packet')} could not be decoded")
    if stats["damaged frames"]:
        damage.append(f"{_counted(stats['damaged frames'], 'frame')} may show damage")
    if source.lost_s:
        expected = source.info.expected_frames
        of = f" of {source.info.duration_s:.1f} s" if source.info.duration_s else ""
        frames = f", about {max(0, expected - stats['frames'])} frames" if expected else ""
        damage.append(f"the end of the input is missing: {source.lost_s:.1f} s{of}{frames}")
    return damage


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
        remarks.append(f"{frames} had no time of their own and got one")
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

"""Input formats: the FFmpeg demuxers that files are opened with, a whitelist.

Formats that read other files or addresses (playlists, image patterns, filter graphs, devices) are
left out: a film that is one of them in disguise would read its neighbors.
"""

import os
from pathlib import Path

import av

VARIABLE = "VIDSTYLE_FORMATS"  # of the environment: more formats, or "all"
FORMATS = (
    # Containers.
    "3dostr", "apng", "asf", "asf_o", "avi", "bink", "cine", "dhav", "dv", "dxa", "film_cpk",
    "filmstrip", "flic", "flv", "gif", "gxf", "ico", "iff", "ivf", "ivr", "kux", "live_flv", "lvf",
    "lxf", "matroska", "mlv", "mov", "mpeg", "mpegts", "mtv", "mv", "mxf", "nsv", "nut", "nuv",
    "ogg", "paf", "pmp", "pva", "r3d", "rl2", "rm", "roq", "ser", "smk", "swf", "thp", "tmv", "ty",
    "usm", "vivo", "vmd", "wtv", "wv", "xmv", "yop", "yuv4mpegpipe",
    # Streams of one codec.
    "apv", "av1", "avs2", "avs3", "cavsvideo", "dirac", "dnxhd", "evc", "h261", "h263", "h264",
    "hevc", "ingenient", "m4v", "mjpeg", "mjpeg_2000", "mpegvideo", "mpjpeg", "obu", "smjpeg",
    "vc1", "vc1test", "vvc",
    # Subtitles and sound, which are told apart from films by the message.
    "ass", "srt", "webvtt",
    "aac", "ac3", "aiff", "amr", "ape", "au", "caf", "dts", "dtshd", "eac3", "flac", "loas", "mp3",
    "oma", "truehd", "tta", "voc", "w64", "wav",
    # Pictures.
    "bmp_pipe", "dds_pipe", "dpx_pipe", "exr_pipe", "gif_pipe", "hdr_pipe", "j2k_pipe",
    "jpeg_pipe", "jpegls_pipe", "jpegxl_anim", "jpegxl_pipe", "pam_pipe", "pbm_pipe", "pcx_pipe",
    "pfm_pipe", "pgm_pipe", "pgx_pipe", "png_pipe", "ppm_pipe", "psd_pipe", "qoi_pipe",
    "sgi_pipe", "sunrast_pipe", "tiff_pipe", "webp_pipe", "xbm_pipe", "xpm_pipe", "xwd_pipe",
)  # fmt: skip
PROTOCOLS = "file"  # of the files that an allowed playlist names too
PLAYLISTS = {
    b"#EXTM3U": "hls", b"ffconcat": "concat", b"<?xml": "dash", b"<MPD": "dash", b"v=0": "sdp",
}  # fmt: skip


def input_options() -> dict[str, str]:
    """FFmpeg's options to open a file with: only known formats, only local files."""
    more = os.environ.get(VARIABLE, "").replace(",", " ").split()
    allowed = sorted(av.formats_available) if more == ["all"] else [*FORMATS, *more]
    return {"format_whitelist": ",".join(allowed), "protocol_whitelist": PROTOCOLS}


def playlist_format(path: Path) -> str | None:
    """FFmpeg's name of the playlist format that a file begins as; None for other files."""
    try:
        with path.open("rb") as file:
            start = file.read(16).lstrip(b"\xef\xbb\xbf")
    except OSError:
        return None
    return next((name for mark, name in PLAYLISTS.items() if start.startswith(mark)), None)

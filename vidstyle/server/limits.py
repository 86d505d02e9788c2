"""Limits of the server: sizes, numbers and times that one client may take."""

from typing import Final

CONNECTIONS: Final = 4096  # at the same time, where the process may open enough files
REFUSALS: Final = 64  # connections over that which are told so, at the same time
OPEN_FILES: Final = 10_000  # that the process asks the system for, sockets included
HEADER_BYTES: Final = 64 * 2**10  # of a request
JSON_BYTES: Final = 100_000  # of a request body
PICTURE_BYTES: Final = 64 * 2**20  # of a picture that is painted in memory, or a painting
HELD_BYTES: Final = 512 * 2**20  # of such pictures together, while they come and wait
PICTURE_PIXELS: Final = 50_000_000  # of such a picture; decoded and painted, 15 bytes for each
VIDEO_PIXELS: Final = 8192 * 4320  # of a frame
VIDEO_SECONDS: Final = 6 * 3600.0
VIDEO_FRAMES: Final = 2_000_000
STREAMS: Final = 64  # of a video file, of all kinds
NAME_LENGTH: Final = 200  # characters of a label
WAITING_PICTURES: Final = 256  # requests of the one-picture endpoint
OPEN_UPLOADS: Final = 1000
QUEUED_JOBS: Final = 10_000
OWN_STYLES: Final = 500
EVENT_STREAMS: Final = 256
LIVE_VIEWERS: Final = 8
LIVE_PIXELS: Final = 1920 * 1080
LIVE_BYTES: Final = 4 * 2**20  # of one frame
LIVE_PACKETS: Final = 8  # of a video stream that wait
LIVE_NAL_UNITS: Final = 64  # of one frame: parameters and slices
RESULT_BYTES: Final = 50 * 10**9  # of all results together
FREE_BYTES: Final = 10**9  # of the disk that stay free
PICTURE_CACHE_BYTES: Final = 128 * 2**20
STILL_CACHE_BYTES: Final = 32 * 2**20
BODY_PATIENCE_S: Final = 30.0  # between two parts of a body
SLOWEST_BODY: Final = 20_000  # bytes per second of a body in memory, after that time
WRITE_PATIENCE_S: Final = 600.0  # without a byte of an answer being read
HEADER_PATIENCE_S: Final = 20.0  # from the connection to its first request
IDLE_PROCESS_S: Final = 60.0  # until a conversion process without work is ended
JOB_SECONDS: Final = 24 * 3600.0  # of one conversion
PROBE_SECONDS: Final = 60.0  # of looking at an upload, or of a still
ATTEMPTS: Final = 3  # of a job whose process dies
ATTEMPTS_OF_PARTS: Final = 20  # more at most, one for each part of its film that is finished

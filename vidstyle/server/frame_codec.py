"""Frame codecs of the live WebSocket: the interface, and JPEG."""

from abc import ABC, abstractmethod

import cv2
import numpy as np

from vidstyle.apps.arrays import Unpacked, unpack
from vidstyle.frame import Picture
from vidstyle.media.image_header import image_size_wh
from vidstyle.server import limits
from vidstyle.server.problems import Problem

JPEG_QUALITY = 80
JPEG_START = b"\xff\xd8"


class KeyframeNeeded(Exception):  # noqa: N818 - an answer, not a failure
    """The packet cannot be decoded; the next one has to be a keyframe."""


class FrameCodec(ABC):
    """Decoder of a viewer's frames and encoder of their paintings; belongs to one thread."""

    is_stream = False  # whether a packet needs those before it

    @abstractmethod
    def decode(self, packet: bytes) -> Picture:
        """Decode one frame.

        Raises:
            KeyframeNeeded: the packet is damaged, or needs one that is missing.
            Problem: it is of another format (415), or too large (413).
        """

    @abstractmethod
    def encode(self, picture: Picture) -> bytes:
        """Encode one painting."""

    @abstractmethod
    def request_keyframe(self) -> None:
        """Let the next painting be a keyframe; callable from any thread."""


class JpegCodec(FrameCodec):
    """JPEG both ways: each frame by itself."""

    def decode(self, packet: bytes) -> Picture:
        width, height = image_size_wh(packet) or (0, 0)
        if not packet.startswith(JPEG_START) or not width or not height:
            raise Problem(415, "The frame is no JPEG.")
        check_pixels(width, height)
        decoded = cv2.imdecode(
            np.frombuffer(packet, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
        if decoded is None:
            raise Problem(415, "The frame is a damaged JPEG.")
        return unpack(np.asarray(decoded, np.uint8), "bgr").picture

    def encode(self, picture: Picture) -> bytes:
        image = Unpacked(picture, order="bgr").packed(picture)
        _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return encoded.tobytes()

    def request_keyframe(self) -> None:
        """Nothing to do: each painting is one."""


def check_pixels(width: int, height: int) -> None:
    """Check the size of a frame.

    Raises:
        Problem: it is too large (413).
    """
    if width * height > limits.LIVE_PIXELS:
        raise Problem(413, f"The frame has {width}x{height} px. Send smaller ones.")

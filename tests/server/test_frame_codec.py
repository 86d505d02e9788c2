"""JPEG frames of a viewer."""

import numpy as np
import pytest

from tests.server.conftest import encoded
from vidstyle.server import limits
from vidstyle.server.frame_codec import JpegCodec
from vidstyle.server.problems import Problem

FRAME = encoded(64, 48)


def test_a_frame_comes_back_as_it_was() -> None:
    codec = JpegCodec()
    picture = codec.decode(FRAME)
    again = codec.decode(codec.encode(picture))
    assert np.abs(picture.to_rgb().astype(int) - again.to_rgb()).mean() < 4


def test_other_content_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"", b"text", encoded(8, 8, ".png"), FRAME[:40], b"\xff\xd8" + bytes(100)):
        with pytest.raises(Problem) as caught:
            JpegCodec().decode(content)
        assert caught.value.status == 415
    monkeypatch.setattr(limits, "LIVE_PIXELS", 64 * 48 - 1)
    with pytest.raises(Problem) as caught:
        JpegCodec().decode(FRAME)
    assert caught.value.status == 413

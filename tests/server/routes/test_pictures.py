"""The one-picture endpoint takes a picture and gives its painting."""

import cv2
import numpy as np
import pytest

from tests.server.client import Client
from tests.server.conftest import encoded


def test_a_picture_comes_back_painted(client: Client, photo: bytes) -> None:
    answer = client.post("stylize?style=udnie-17k&format=png", photo)
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/png"
    painted = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    original = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert painted is not None and original is not None and painted.shape == original.shape
    assert np.abs(painted.astype(int) - original).mean() > 5


def test_the_same_picture_comes_from_the_cache(client: Client, photo: bytes) -> None:
    fresh, cached = (client.post("stylize?style=great-wave-17k", photo) for _ in range(2))
    assert fresh.content == cached.content
    assert fresh.headers["etag"] == cached.headers["etag"]
    assert "hit" in cached.headers["cache-status"]


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("style=stary-night", 422, "Did you mean starry-night?"),
        ("style=/etc/passwd.onnx", 422, "No style named"),
        ("strength=2", 422, "strength must be between 0 and 1, not 2.0."),
        ("strength=1&strength=1", 422, "twice"),
        ("format=svg", 422, "format must be one of jpg, png, webp"),
        ("codec=libx264", 422, 'no setting "codec"'),
    ],
)
def test_wrong_parameters_are_named(
    client: Client, photo: bytes, query: str, status: int, words: str
) -> None:
    answer = client.post(f"stylize?{query}", photo)
    assert answer.status == status
    assert words in answer.detail


def test_what_is_no_picture_is_said(client: Client) -> None:
    for content in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"#EXTM3U\n/etc/passwd"):
        answer = client.post("stylize", content)
        assert answer.status == 415
        assert answer.detail.startswith("The picture is not a picture that can be read.")
    assert client.post("stylize").status == 400


def test_a_bomb_is_refused_by_its_header(client: Client) -> None:
    bomb = encoded(8, 8, ".png")
    bomb = bomb[:16] + (20_000).to_bytes(4, "big") * 2 + bomb[24:]
    answer = client.post("stylize", bomb)
    assert answer.status == 413
    assert "20000x20000 px" in answer.detail

"""Styles have ids, never paths; the user's paintings join the shipped ones and stay."""

from pathlib import Path

import pytest

from tests.server.conftest import encoded
from vidstyle.errors import OptionError, StyleError
from vidstyle.server.problems import Problem
from vidstyle.server.shelf import StyleShelf
from vidstyle.stylize.generator_pool import check_style


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, painting: bytes) -> StyleShelf:
    shelf = StyleShelf(tmp_path_factory.mktemp("own"))
    shelf.add(painting, "scream.jpg", 1.0)
    return shelf


def test_a_painting_becomes_a_style_that_stays(own: StyleShelf, painting: bytes) -> None:
    style, new = own.add(painting, "again.jpg", 2.0)
    assert (style.title, style.own, new) == ("scream.jpg", True, False)
    assert StyleShelf(own._folder).styles() == own.styles()
    check_style(own.resolved(style.id))
    check_style(own.resolved(f"{style.id}:0.5,udnie:0.5"))
    assert own.resolved(style.id, full=True).endswith("painting.png")


def test_the_default_comes_first_and_own_styles_last(own: StyleShelf) -> None:
    styles = own.styles()
    assert [style.default for style in styles] == [True] + [False] * (len(styles) - 1)
    assert [style.own for style in styles][-2:] == [False, True]


@pytest.mark.parametrize(
    "style", ["/etc/passwd", "../own.onnx", "a.png", "great-wave.onnx", "own-0000000000000000"]
)
def test_paths_are_no_styles(own: StyleShelf, style: str) -> None:
    for text in (style, f"{style}:0.5,udnie:0.5"):
        with pytest.raises((StyleError, OptionError)):
            own.resolved(text)


def test_spellings_of_a_style_are_one(own: StyleShelf) -> None:
    assert own.canonical("Starry Night") == own.canonical("starry-night") == "starry-night"
    assert own.canonical(None) == "great-wave"
    assert own.canonical("Udnie:0.50,starry night:0.5") == "udnie:0.5,starry-night:0.5"
    assert own.canonical("0:Udnie 1:02:udnie:1,scream:1/2s") == (
        "0.000:udnie/0.000 62.000:udnie:0.5,scream:0.5/2.000"
    )
    assert own.ids("0:udnie 1:udnie:1,scream:1") == ["udnie", "scream"]
    assert own.digests("udnie:0.5,scream:0.5") == own.digests("udnie") + own.digests("scream")


def test_what_is_no_painting_leaves_nothing(tmp_path: Path) -> None:
    shelf = StyleShelf(tmp_path)
    for content, status in ((b"text", 415), (encoded(20, 20), 422)):
        with pytest.raises(Problem) as caught:
            shelf.add(content, "me.jpg", 0.0)
        assert caught.value.status == status
        assert "me.jpg" in caught.value.detail and str(tmp_path) not in caught.value.detail
    assert not list(tmp_path.iterdir())


def test_a_bomb_is_not_decoded(tmp_path: Path) -> None:
    header = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + (30_000).to_bytes(4, "big") * 2
    with pytest.raises(Problem) as caught:
        StyleShelf(tmp_path).add(header + bytes(50), "bomb.png", 0.0)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("about.json", b'{"title": "me'),
        ("about.json", b"[]"),
        ("about.json", b"\xff"),
        ("about.json", None),
        ("own.int8.onnx", None),
    ],
)
def test_a_damaged_style_is_skipped_and_can_be_added_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, content: bytes | None
) -> None:
    picture = encoded(80, 80)
    style, _ = StyleShelf(tmp_path).add(picture, "me.jpg", 0.0)
    file = tmp_path / style.id / name.replace("own.", f"{style.id}.")
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    shelf = StyleShelf(tmp_path)
    assert not any(style.own for style in shelf.styles())
    assert f"{style.id} is damaged" in caplog.text
    assert shelf.add(picture, "me.jpg", 0.0) == (style, True)
    assert style in StyleShelf(tmp_path).styles()


def test_a_style_half_made_or_half_deleted_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    style, _ = StyleShelf(tmp_path).add(encoded(80, 80), "me.jpg", 0.0)
    (tmp_path / style.id).rename(tmp_path / ".0123456789abcdef")  # as after a kill
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "about.json").write_text('{"title": "me", "created": 0}')
    assert not any(style.own for style in StyleShelf(tmp_path).styles())
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes"]
    assert not caplog.text


def test_own_styles_can_be_deleted_and_shipped_ones_not(own: StyleShelf, tmp_path: Path) -> None:
    shelf = StyleShelf(tmp_path)
    style, _ = shelf.add(encoded(80, 80), "me.jpg", 0.0)
    shelf.remove(style.id)
    assert not list(tmp_path.iterdir())
    for id, status in ((style.id, 404), ("udnie", 403)):
        with pytest.raises(Problem) as caught:
            shelf.remove(id)
        assert caught.value.status == status

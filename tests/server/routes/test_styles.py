"""Styles are listed with pictures, and a painting becomes one."""

from tests.server.client import Client


def test_the_styles_have_pictures(client: Client) -> None:
    first, *others = client.get("styles").json["styles"]
    assert first["default"] and not any(style["default"] for style in others)
    for address in (first["thumbnail"], first["painting"]):
        answer = client.get(address)
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content.startswith(b"\xff\xd8")


def test_a_painting_becomes_a_style_at_once(client: Client, painting: bytes, photo: bytes) -> None:
    made = client.post("styles?name=..%2Fscream.jpg", painting)
    style = made.json
    assert (made.status, style["title"], style["own"]) == (201, "scream.jpg", True)
    assert client.get(made.headers["location"]).json == style
    assert client.post("styles", painting).status == 200
    assert client.post(f"stylize?style={style['id']}", photo).status == 200
    assert client.get(style["painting"]).content.startswith(b"\xff\xd8")
    assert client.ask("DELETE", f"styles/{style['id']}").status == 204
    assert client.get(f"styles/{style['id']}").status == 404
    assert client.post(f"stylize?style={style['id']}", photo).status == 422


def test_shipped_styles_stay(client: Client) -> None:
    assert client.ask("DELETE", "styles/udnie").status == 403
    assert client.ask("DELETE", "styles/nothing").status == 404

"""The web page refers only to what exists, and keeps to its content security policy."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from tests.server.client import Client

PAGE = Path(str(files("vidstyle.server"))) / "page"
NAMES = sorted(path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*") if path.is_file())
DOCUMENTS = [name for name in NAMES if name.endswith(".html")]
MODULES = [name for name in NAMES if name.endswith(".js")]
TYPES = {
    "html": "text/html",
    "css": "text/css",
    "js": "text/javascript",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
}


def text_of(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


class Tags(HTMLParser):
    """Start tags of a document, and the text of its scripts and styles."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.tags = list[tuple[str, dict[str, str]]]()
        self.inline = ""
        self.feed(text_of(name))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.inline += data.strip()

    def values(self, *names: str) -> list[str]:
        return [tag[name] for _, tag in self.tags for name in names if name in tag]


def keys_of_texts() -> set[str]:
    return set(re.findall(r'^  "([\w.]+)": ', text_of("js/strings.js"), re.MULTILINE))


def used_texts() -> set[str]:
    used = {key for name in DOCUMENTS for key in Tags(name).values("data-t", "data-t-label")}
    for name in set(MODULES) - {"js/strings.js"}:
        used |= set(re.findall(r'["`]([a-z]+(?:\.[\w$]+|\.\$\{[^}]+\})+)["`]', text_of(name)))
    return used


def test_files_are_served_with_their_types(client: Client) -> None:
    for name in NAMES:
        answer = client.get(f"/{name}")
        assert answer.status == 200
        assert answer.content == (PAGE / name).read_bytes()
        assert answer.headers["content-type"].partition(";")[0] == TYPES[name.rpartition(".")[2]]


def test_the_address_alone_is_the_page(client: Client) -> None:
    assert client.get("/").content == (PAGE / "index.html").read_bytes()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_have_nothing_inline(name: str) -> None:
    document = Tags(name)
    assert not document.inline
    attributes = {attribute for _, tag in document.tags for attribute in tag}
    assert not {a for a in attributes if a == "style" or a.startswith("on")}
    assert "style" not in {tag for tag, _ in document.tags}


def test_no_other_host_is_named() -> None:
    for name in NAMES:
        if not name.endswith(".png"):
            addresses = set(re.findall(r"(?:https?|wss?):?//[\w.-]+", text_of(name)))
            assert addresses <= {"http://www.w3.org"}, name


def test_modules_build_no_markup_from_text() -> None:
    words = "innerHTML|outerHTML|insertAdjacentHTML|document.write|eval\\(| style="
    assert [name for name in MODULES if re.search(words, text_of(name))] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_refer_to_files_that_exist(name: str) -> None:
    for address in Tags(name).values("src", "href"):
        if address.startswith("#"):
            assert address[1:].removeprefix("i-")
        elif not address.startswith("/api/v1/"):
            assert address.lstrip("/") in NAMES


def test_modules_import_what_exists() -> None:
    for name in MODULES:
        found = re.findall(
            r'^import (?:\{([^}]+)\} )?from "\./([\w.]+)";', text_of(name), re.MULTILINE
        )
        for members, module in found:
            text = text_of(f"js/{module}")
            exported = set(re.findall(r"^export (?:async )?\w+ (\w+)", text, re.MULTILINE))
            imported = {member.strip() for member in members.split(",") if member.strip()}
            assert imported <= exported, name


def test_the_service_worker_keeps_the_whole_shell() -> None:
    listed = re.findall(r'^  "/([\w./-]*)",$', text_of("sw.js"), re.MULTILINE)
    shell = set(NAMES) - {"sw.js", "index.html", "offline.html"}
    assert sorted(listed) == sorted({"", *shell})


def test_icons_of_the_manifest_exist() -> None:
    for address in re.findall(r'"src": "/([^"]+)"', text_of("manifest.json")):
        assert address in NAMES


def test_paths_of_the_api_exist(client: Client) -> None:
    described = {*client.get("openapi.json").json["paths"], "/live"}
    used = set(re.findall(r"\$\{API\}(/[^`?]+?)(?:\$\{query\(.*)?[`?]", text_of("js/api.js")))
    assert len(used) > 10
    for path in used:
        assert re.sub(r"\$\{\w+\}", "{id}", path) in described, path


def test_each_text_exists_and_is_used() -> None:
    keys, used = keys_of_texts(), used_texts()
    sections = {key.partition(".")[0] for key in keys}
    plain = {key for key in used if "$" not in key and key.partition(".")[0] in sections}
    assert plain <= keys
    varying = [re.sub(r"\$\{.*?\}", r"\\w+", key) for key in used if "$" in key]
    assert {key for key in keys - plain if not any(re.fullmatch(v, key) for v in varying)} == set()


def test_elements_and_icons_that_modules_ask_for_exist() -> None:
    ids = {value for name in DOCUMENTS for value in Tags(name).values("id")}
    for name in MODULES:
        text = text_of(name)
        assert set(re.findall(r'byId\("([\w-]+)"\)', text)) <= ids
        assert {f"i-{icon}" for icon in re.findall(r'icon\("(\w+)"\)', text)} <= ids


@pytest.mark.parametrize("name", DOCUMENTS)
def test_fields_have_labels_and_references_have_targets(name: str) -> None:
    document = Tags(name)
    ids = document.values("id")
    assert len(ids) == len(set(ids))
    references = document.values("for", "aria-labelledby", "aria-describedby")
    assert {word for value in references for word in value.split()} <= set(ids)
    assert {href[1:] for href in document.values("href") if href.startswith("#")} <= set(ids)

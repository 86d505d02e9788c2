"""The page without a server refers only to what exists, and to no other host."""

import re
from pathlib import Path

import pytest

from tools.web_page import copy_sources

ICON_NAMES = {"check", "compare", "close", "trash"}  # that shared modules ask for


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "page"
    copy_sources(folder)
    return folder


def texts(page: Path, pattern: str) -> dict[str, str]:
    return {
        file.relative_to(page).as_posix(): file.read_text(encoding="utf-8")
        for file in page.glob(pattern)
    }


def test_documents_refer_to_files_that_exist(page: Path) -> None:
    document = (page / "index.html").read_text(encoding="utf-8")
    for address in re.findall(r'(?:src|href)="([^"#]+)"', document):
        assert (page / address).is_file(), address
    for address in re.findall(r'"src": "([^"]+)"', (page / "manifest.json").read_text()):
        assert (page / address).is_file(), address


def test_modules_import_what_exists(page: Path) -> None:
    modules = texts(page, "js/*.js")
    pattern = r'^import \{([^}]+)\} from "\./([\w.]+)";'
    for name, text in modules.items():
        for members, module in re.findall(pattern, text, re.MULTILINE):
            exported = re.findall(
                r"^export (?:async )?\w+ (\w+)", modules[f"js/{module}"], re.MULTILINE
            )
            assert {member.strip() for member in members.split(",")} <= set(exported), name


def test_each_text_exists_and_is_used(page: Path) -> None:
    modules, document = texts(page, "js/*.js"), (page / "index.html").read_text(encoding="utf-8")
    own = set(re.findall(r'^  "([\w.]+)": ', modules.pop("js/texts.js"), re.MULTILINE))
    shared = set(re.findall(r'^  "([\w.]+)": ', modules.pop("js/strings.js"), re.MULTILINE))
    used = set(re.findall(r'data-t(?:-label)?="([\w.]+)"', document))
    for text in modules.values():
        used |= set(re.findall(r'"([a-z]+(?:\.[a-z]+)+)"', text))
    used.discard("styles.json")
    sections = {key.partition(".")[0] for key in own | shared}
    assert {key for key in used if key.partition(".")[0] in sections} <= own | shared
    assert own <= used
    assert not own & shared


def test_elements_and_icons_that_modules_ask_for_exist(page: Path) -> None:
    document = (page / "index.html").read_text(encoding="utf-8")
    ids = set(re.findall(r' id="([\w-]+)"', document))
    modules = texts(page, "js/*.js")
    own = {name: text for name, text in modules.items() if "confirm" not in name}
    for text in own.values():
        wanted = set(re.findall(r'byId\("([\w-]+)"\)', text))
        assert {id for id in wanted if not id.startswith("confirm")} <= ids
    assert {f"i-{name}" for name in ICON_NAMES} <= ids
    assert set(re.findall(r"#(i-\w+)", document + modules["js/device.js"])) <= ids


def test_no_other_host_is_named(page: Path) -> None:
    names = [
        file for pattern in ("*.html", "*.js*", "*.css", "js/*") for file in page.glob(pattern)
    ]
    for file in names:
        found = re.findall(r"(?:https?|wss?):?//[\w.-]+", file.read_text(encoding="utf-8"))
        assert set(found) <= {"http://www.w3.org"}, file


def test_the_policy_forbids_other_hosts(page: Path) -> None:
    document = (page / "index.html").read_text(encoding="utf-8")
    assert 'http-equiv="Content-Security-Policy" content="default-src \'self\';' in document


def test_kernels_are_compiled(page: Path) -> None:
    source = (Path(__file__).parents[2] / "web/kernels/kernels.c").read_text(encoding="utf-8")
    compiled = (page / "kernels/kernels.wasm").read_bytes()
    names = re.findall(r"^EXPORT\((\w+)\) ", source, re.MULTILINE)
    assert len(names) > 10
    for name in names:
        assert bytes([len(name)]) + name.encode() + b"\0" in compiled, name
    assert not list(page.rglob("*.c"))

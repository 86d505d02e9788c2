"""The page without a server is built of pinned parts, and lists all that it needs offline."""

import base64
import hashlib
import io
import json
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from tools import web_page
from tools.web_page import BuildError, Package, build, main
from vidstyle.stylize.catalog import shipped_styles


def packed(package: Package, folder: Path) -> Package:
    """Write an archive with the files of a package, and return the package with its hash."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for path in package.files.values():
            text = (
                b'import { load } from "@litertjs/wasm-utils";\n//# sourceMappingURL=index.js.map\n'
            )
            info = tarfile.TarInfo(path)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    name = f"{package.name[1:].replace('/', '-')}-{package.version}.tgz"
    (folder / name).write_bytes(content.getvalue())
    digest = hashlib.sha512(content.getvalue()).digest()
    return replace(package, sha512=base64.b64encode(digest).decode())


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder with toy archives, and the network of the one style that is built."""
    folder = tmp_path / "parts"
    folder.mkdir()
    monkeypatch.setattr(
        web_page, "PACKAGES", [packed(package, folder) for package in web_page.PACKAGES]
    )
    style = shipped_styles()[0]
    monkeypatch.setattr(web_page, "shipped_styles", lambda: [style])
    (folder / f"{style.name}.tflite").write_bytes(b"network")
    return folder


def listed(page: Path) -> tuple[str, list[str], list[str]]:
    """Version, files and runtimes in the service worker's list."""
    text = (page / "files.js").read_text(encoding="utf-8")
    values = re.findall(r"^const \w+ = (.+?);$", text, re.MULTILINE | re.DOTALL)
    version, files, runtimes = (json.loads(value) for value in values)
    return version, files, [name for names in runtimes.values() for name in names]


def test_a_build_lists_every_file_for_offline_use(tmp_path: Path, parts: Path) -> None:
    page = tmp_path / "page"
    build(page, parts, parts)
    names = {file.relative_to(page).as_posix() for file in page.rglob("*") if file.is_file()}
    _, files, runtimes = listed(page)
    assert {*files, *runtimes, "sw.js", "files.js"} == {*names, "./"}
    assert not set(files) & set(runtimes)


def test_styles_bring_the_numbers_around_their_network(tmp_path: Path, parts: Path) -> None:
    page = tmp_path / "page"
    build(page, parts, parts)
    (style,) = json.loads((page / "styles.json").read_text(encoding="utf-8"))["styles"]
    assert (style["id"], style["border"], style["default"]) == ("great-wave", 44, True)
    assert style["finish"]["saturation"] == 1.35
    assert style["abstraction"] == 1.0
    assert style["smoothing"] == 1.0
    assert style["palette"] is None
    assert (page / style["thumbnail"]).read_bytes()[:2] == b"\xff\xd8"
    assert (page / "js" / style["file"]).resolve().read_bytes() == b"network"


def test_modules_of_the_runtime_name_each_other_by_path(tmp_path: Path, parts: Path) -> None:
    page = tmp_path / "page"
    build(page, parts, parts)
    assert (page / "runtime/index.js").read_text() == 'import { load } from "./wasm_utils.js";\n'
    assert "Apache License" in (page / "runtime/LICENSE").read_text(encoding="utf-8")


def test_a_new_build_replaces_the_old_one_under_a_new_version(tmp_path: Path, parts: Path) -> None:
    page = tmp_path / "page"
    build(page, parts, parts)
    version = listed(page)[0]
    (parts / "great-wave.tflite").write_bytes(b"other")
    build(page, parts, parts)
    assert listed(page)[0] != version
    assert (page / "styles/great-wave.tflite").read_bytes() == b"other"


def test_an_altered_archive_is_refused(
    tmp_path: Path, parts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (archive,) = parts.glob("litertjs-core-*.tgz")
    archive.write_bytes(archive.read_bytes() + b"\0")
    arguments = [str(tmp_path / "page"), "--networks", str(parts), "--archives", str(parts)]
    assert main(arguments) == 1
    assert "is not the pinned archive" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()


def test_other_files_are_not_replaced(tmp_path: Path, parts: Path) -> None:
    (tmp_path / "letters.txt").write_text("Dear")
    with pytest.raises(BuildError, match="holds other files"):
        build(tmp_path, parts, parts)
    assert (tmp_path / "letters.txt").read_text() == "Dear"


def test_a_missing_network_is_named(tmp_path: Path, parts: Path) -> None:
    (parts / "great-wave.tflite").unlink()
    with pytest.raises(BuildError, match=r"great-wave\.tflite is missing"):
        build(tmp_path / "page", parts, parts)

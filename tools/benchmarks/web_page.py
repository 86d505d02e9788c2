"""Speed and steadiness of the page without a server, in Chromium; the last line is JSON.

Networks alone: LiteRT.js beside onnxruntime-web on the same pictures, in turns. The whole page:
frames per second of Chromium's fake camera, and the CPU time of all its processes per frame.
Steadiness: the rendered sample, painted by the page frame by frame, beside the same in Python and
beside Python's keyframes. Linux; needs the extra `browser`, Chromium and a built page.

    python -m tools.benchmarks.web_page site
"""

import argparse
import base64
import io
import json
import os
import shutil
import statistics
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from tools.benchmarks.conversion import empty_report
from tools.evaluation.steadiness import Reel, painted, sample_reel, unsteadiness, unstyled
from tools.web_page import Package, archive, served
from vidstyle.frame import RGBImage
from vidstyle.stylize.catalog import find_style, find_weights
from vidstyle.stylize.generator import BORDERS

ORT = Package(
    "onnxruntime-web",
    "1.30.0",
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
    {
        name: f"package/dist/{name}"
        for name in (
            "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm",
        )
    },
)  # fmt: skip
NETWORKS = (("udnie", 640, 360), ("udnie-17k", 854, 480))  # and the size that they paint
CAMERAS = (("udnie", 360), ("udnie-17k", 720))  # and the height of the camera
STEADY = "udnie"  # style of the steadiness
RUNS, WARM_UP_RUNS = 25, 5
SECONDS, WARM_UP_S = 10, 4  # of the camera
LINES = 480
CLOCK_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip
# Run in a worker of the page: `prepare` loads a network in one of the runtimes, `run` times it.
WORKER = """
let run;
const kinds = {
  async litert(url, width, height) {
    const {Network} = await import("./js/network.js");
    const network = await Network.load(url);
    const input = new Float32Array(3 * width * height).map((_, i) => (i * 7919 % 1000) / 1000);
    return () => network.run(input, width, height);
  },
  async ort(url, width, height) {
    const ort = await import("./ort/ort.wasm.bundle.min.mjs");
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = new URL("./ort/", location).href;
    const session = await ort.InferenceSession.create(url, {executionProviders: ["wasm"]});
    const pixels = new Uint8Array(4 * width * height).map((_, i) => i * 7919 % 255);
    return async () => {
      const image = new ort.Tensor("uint8", pixels, [1, height, width, 4]);
      const results = await session.run({image});
      return Object.values(results)[0].data;
    };
  },
};
onmessage = async ({data: {kind, url, width, height}}) => {
  if (kind) {
    run = await kinds[kind](url, width, height);
    postMessage(0);
  } else {
    const start = performance.now();
    await run();
    postMessage(performance.now() - start);
  }
};
"""
ASK = """([name, message]) => new Promise((resolve) => {
  window.workers ??= {};
  const worker = window.workers[name] ??= new Worker("bench_worker.js");
  worker.onmessage = ({data}) => resolve(data);
  worker.postMessage(message);
})"""
# Paints the frames of a reel one by one, with the exposure followed in time.
PAINT = """async ({id, frame, width, height, seconds}) => {
  const load = (name) => import(new URL(`js/${name}.js`, location.href));
  const [{stylized}, {Picture}, {ExposureTracker}, {inScope}, {Network}] =
    await Promise.all(["stylize", "picture", "exposure", "memory", "network"].map(load));
  if (!window.painter) {
    const {styles} = await (await fetch("styles.json")).json();
    const style = styles.find((style) => style.id === id);
    const network = await Network.load(new URL(style.file, new URL("js/", location.href)).href);
    window.painter = {style, network, exposure: new ExposureTracker()};
  }
  const {style, network, exposure} = window.painter;
  const rgba = Uint8ClampedArray.from(atob(frame), (letter) => letter.charCodeAt(0));
  const result = await inScope(async () => (await stylized(Picture.fromRGBA(rgba, width, height), {
    style, lines: 480, look: {strength: 1, keepColors: false},
    network: (...input) => network.run(...input),
    curveOf: (luma, full) => exposure.measure(luma, full, seconds),
  })).toRGBA());
  let text = "";
  for (let i = 0; i < result.length; i += 4096) {
    text += String.fromCharCode(...result.subarray(i, i + 4096));
  }
  return btoa(text);
}"""


@contextmanager
def bench_folder(page: Path, archives: Path | None) -> Iterator[Path]:
    """A copy of the page with onnxruntime-web and its networks beside it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "page"
        shutil.copytree(page, folder)
        (folder / "bench.html").write_text("<!doctype html><title>bench</title>")
        (folder / "bench_worker.js").write_text(WORKER)
        (folder / "ort").mkdir()
        with tarfile.open(fileobj=io.BytesIO(archive(ORT, archives))) as files:
            for file, path in ORT.files.items():
                member = files.extractfile(path)
                assert member is not None
                (folder / "ort" / file).write_bytes(member.read())
        for style, _, _ in NETWORKS:
            shutil.copyfile(find_style(style), folder / f"ort/{style}.int8.onnx")
            shutil.copyfile(find_weights(style), folder / f"ort/{style}.onnx")
        yield folder


def networks_alone(browser: Any, address: str) -> list[dict[str, Any]]:
    """Milliseconds of each network in each runtime; they take turns, so that load hits all."""
    rows = []
    page = browser.new_page()
    page.goto(f"{address}bench.html")
    for style, width, height in NETWORKS:
        border = BORDERS["17k" if style.endswith("17k") else "55k"]
        sides = [-(-side // 4) * 4 + 2 * border for side in (width, height)]
        urls = {
            "LiteRT.js int8": ("litert", f"./styles/{style}.tflite"),
            "onnxruntime-web int8": ("ort", f"./ort/{style}.int8.onnx"),
            "onnxruntime-web float32": ("ort", f"./ort/{style}.onnx"),
        }
        for name, (kind, url) in urls.items():
            message = {"kind": kind, "url": url, "width": sides[0], "height": sides[1]}
            page.evaluate(ASK, [f"{style} {name}", message])
        times: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(RUNS + WARM_UP_RUNS):
            for name in urls:
                times[name].append(page.evaluate(ASK, [f"{style} {name}", {}]))
        for name, all_ms in times.items():
            ms = all_ms[WARM_UP_RUNS:]
            rows.append(
                {
                    "style": style,
                    "input": "x".join(map(str, sides)),
                    "runtime": name,
                    "fastest_ms": round(min(ms), 1),
                    "median_ms": round(statistics.median(ms), 1),
                }
            )
    page.close()
    return rows


def cameras(browser: Any, address: str) -> list[dict[str, Any]]:
    """Frames per second of the whole page with a camera, and its CPU time."""
    rows = []
    for style, height in CAMERAS:
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        context.add_init_script(f"localStorage.setItem('style', {json.dumps(style)})")
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#place[data-ready]")
        page.select_option("#height", str(height))
        page.click("#start")
        page.wait_for_timeout(1000 * WARM_UP_S)
        rates, before_ms, started = list[int](), children_cpu_ms(os.getpid()), time.monotonic()
        for _ in range(SECONDS):
            page.wait_for_timeout(1000)
            rates.append(int((page.inner_text("#fps") or "0").split()[0]))
        spent_ms = children_cpu_ms(os.getpid()) - before_ms
        elapsed_s = time.monotonic() - started
        rows.append(
            {
                "style": style,
                "camera": page.inner_text("#size").replace(" \u00d7 ", "x"),
                "median_fps": statistics.median(rates),
                "best_fps": max(rates),
                "cpu_ms_per_frame": round(spent_ms / max(1, sum(rates)), 1),
                "seconds": round(elapsed_s, 1),
                "load": os.getloadavg()[0],
            }
        )
        context.close()
    return rows


def children_cpu_ms(root: int) -> float:
    """CPU time of all processes below one, in milliseconds."""
    parents, spent = dict[int, int](), dict[int, int]()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # ended meanwhile
                continue
            parents[int(folder.name)] = int(fields[1])
            spent[int(folder.name)] = int(fields[11]) + int(fields[12])

    def is_below(process: int) -> bool:
        while process and process != root:
            process = parents.get(process, 0)
        return process == root

    return CLOCK_TICK_MS * sum(ticks for pid, ticks in spent.items() if is_below(pid))


def page_paintings(browser: Any, address: str, reel: Reel) -> Iterator[RGBImage]:
    """The frames of a reel, painted by the page one by one."""
    page = browser.new_page()
    page.goto(address)
    for frame in reel.frames:
        image = frame.picture.to_rgb()
        opaque = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
        height, width = image.shape[:2]
        values = {"id": STEADY, "width": width, "height": height, "seconds": frame.time_s}
        answer = page.evaluate(
            PAINT, values | {"frame": base64.b64encode(opaque.tobytes()).decode()}
        )
        rgba = np.frombuffer(base64.b64decode(answer), np.uint8).reshape(height, width, 4)
        yield np.ascontiguousarray(rgba[..., :3])
    page.close()


def steadiness(browser: Any, address: str) -> list[dict[str, Any]]:
    """Flicker of the sample: the original, the page, Python frame by frame and with keyframes."""
    reel = sample_reel(360)
    network = find_style(STEADY)
    kinds = {
        "original": unstyled(reel),
        "page, each frame by itself": page_paintings(browser, address, reel),
        "Python, each frame by itself": painted(reel, network, 1),
        "Python, a keyframe in 6 frames": painted(reel, network, 6),
    }
    rows = []
    for name, images in kinds.items():
        result = unsteadiness(images, reel.steps)
        rows.append(
            {
                "painted by": name,
                "e_stab": round(result.e_stab, 4),
                "sharpness": round(result.sharpness, 1),
            }
        )
    return rows


def table(title: str, rows: Sequence[dict[str, Any]]) -> Table:
    """Rows as a table; their keys are the columns."""
    shown = Table(*rows[0], title=title)
    for row in rows:
        shown.add_row(*map(str, row.values()))
    return shown


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="tools.benchmarks.web_page", description=__doc__)
    parser.add_argument("page", type=Path, help="the built page, by tools.web_page")
    parser.add_argument("--archives", type=Path, help="folder with the npm package's archive")
    parser.add_argument("--only", choices=("networks", "camera", "steadiness"))
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    measures = {"networks": networks_alone, "camera": cameras, "steadiness": steadiness}
    report, console = empty_report(), Console()
    with (
        bench_folder(options.page, options.archives) as folder,
        served(folder) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        for name in [options.only] if options.only else measures:
            rows = measures[name](browser, address)
            console.print(table(name, rows))
            report["runs"].append({"measure": name, "rows": rows})
        browser.close()
    print(json.dumps(report))


if __name__ == "__main__":
    main()

"""WebGPU paints what WebAssembly paints; by a software adapter, which the page itself avoids."""

import shutil
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
ARGUMENTS = ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]
# Mean difference of one picture on both, in levels of 255; and the page's own choice.
COMPARE = """async (id) => {
  const load = (path) => import(new URL(path, location.href));
  if (!(await navigator.gpu?.requestAdapter())) return null;
  const [{loadAndCompile, Tensor}, {withSize}, {Network}] =
    await Promise.all(["runtime/index.js", "js/tflite.js", "js/network.js"].map(load));
  const network = await Network.load(new URL(`styles/${id}.tflite`, location.href).href);
  const [width, height] = [320, 240];
  const input = new Float32Array(3 * width * height)
    .map((_, i) => 0.5 + 0.4 * Math.sin(i / 900) * Math.cos(i / 77));
  const pictures = [];
  for (const accelerator of ["webgpu", "wasm"]) {
    const file = withSize(network.file, width, height);
    const compiled = await loadAndCompile(file, {accelerator});
    if (!compiled.isFullyAccelerated) throw new Error(`${accelerator} leaves operators out`);
    const [result] = await compiled.run([new Tensor(input, [1, height, width, 3])]);
    pictures.push(await result.data());
  }
  await network.run(input, width, height);
  const difference = pictures[0].reduce((sum, v, i) => sum + Math.abs(v - pictures[1][i]), 0);
  return [255 * difference / input.length, Network.accelerator];
}"""


@pytest.mark.parametrize("style", ["udnie", "udnie-17k"])
def test_webgpu_agrees_with_webassembly(address: str, style: str, browser: Any) -> None:
    chromium = browser.browser_type
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with chromium.launch(executable_path=program, args=ARGUMENTS) as with_gpu:
        page = with_gpu.new_page()
        page.goto(address)
        page.wait_for_selector("body[data-ready]", timeout=120_000)
        result = page.evaluate(COMPARE, style)
    if result is None:
        pytest.skip("this Chromium has no software adapter of WebGPU")
    difference, chosen = result
    assert difference < 1
    assert chosen == "wasm"

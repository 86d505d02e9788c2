// Network: a style's .tflite file, run by LiteRT.js; WebGPU where it is faster and agrees, else WebAssembly.

import { isWebGPUSupported, loadAndCompile, loadLiteRt, Tensor } from "../runtime/index.js";
import { withSize } from "./tflite.js";

const RUNTIME = new URL("../runtime/", import.meta.url);
const TRIALS = 5; // runs on each accelerator; the fastest counts
const LARGEST_MEAN_DIFFERENCE = 2 / 255; // of WebGPU's picture from WebAssembly's

/** @type {Promise<unknown> | null} */
let runtime = null;

/** Load the runtime, once. */
function startRuntime() {
  if (!runtime) {
    const name = (/** @type {string} */ file) => new URL(file, RUNTIME).href;
    const printErr = (/** @type {string} */ line) => /^(ERROR|FATAL)/.test(line) && console.error(line); // no chatter
    /** @type {any} */ (self).Module = { locateFile: name, printErr };
    runtime = loadLiteRt(RUNTIME.href);
  }
  return runtime;
}

/** Network of one style, for pictures of any size; one at a time is compiled. */
export class Network {
  /** @type {any} */
  compiled = null;
  size = "";
  /** Accelerator of this device; null until one was tried. @type {"wasm" | "webgpu" | null} */
  static accelerator = null;

  /** @param {ArrayBuffer} file */
  constructor(file) {
    this.file = file;
  }

  /**
   * Load a network and the runtime.
   *
   * @param {string} url of the .tflite file
   */
  static async load(url) {
    const [response] = await Promise.all([fetch(url), startRuntime()]);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return new Network(await response.arrayBuffer());
  }

  /**
   * Run the network on a picture.
   *
   * @param {Float32Array} input RGB 0..1, rows of pixels
   * @param {number} width multiple of 4
   * @param {number} height likewise
   * @returns {Promise<Float32Array>} the same of the painting
   */
  async run(input, width, height) {
    await this.fit(input, width, height);
    return evaluate(this.compiled, input, width, height);
  }

  /**
   * Compile the network for a size, on the accelerator that suits this device.
   *
   * @param {Float32Array} input
   * @param {number} width
   * @param {number} height
   */
  async fit(input, width, height) {
    const size = `${width}x${height}`;
    if (size === this.size) return;
    this.close();
    const file = withSize(this.file, width, height);
    Network.accelerator ??= await fastest(file, input, width, height);
    this.compiled = await loadAndCompile(file, { accelerator: Network.accelerator });
    this.size = size;
  }

  close() {
    this.compiled?.delete();
    this.compiled = null;
    this.size = "";
  }
}

/**
 * @param {any} compiled
 * @param {Float32Array} input
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Float32Array>}
 */
async function evaluate(compiled, input, width, height) {
  const tensor = new Tensor(input, [1, height, width, 3]);
  const [result] = await compiled.run([tensor]);
  const output = await result.data();
  result.delete();
  if (!tensor.deleted) tensor.delete();
  return output;
}

/**
 * WebGPU if it has an adapter, agrees with WebAssembly and is faster.
 *
 * @param {Uint8Array} file
 * @param {Float32Array} input
 * @param {number} width
 * @param {number} height
 * @returns {Promise<"wasm" | "webgpu">}
 */
async function fastest(file, input, width, height) {
  const { gpu } = /** @type {any} */ (navigator);
  const adapter = isWebGPUSupported() ? await gpu.requestAdapter() : null;
  if (!adapter || adapter.info?.isFallbackAdapter) return "wasm"; // the latter computes on the CPU, slowly
  try {
    const [onGpu, onCpu] = [
      await trial("webgpu", file, input, width, height),
      await trial("wasm", file, input, width, height),
    ];
    let difference = 0;
    for (let i = 0; i < onCpu.output.length; i += 1) difference += Math.abs(onCpu.output[i] - onGpu.output[i]);
    const agrees = difference / onCpu.output.length < LARGEST_MEAN_DIFFERENCE;
    return agrees && onGpu.ms < onCpu.ms ? "webgpu" : "wasm";
  } catch (error) {
    console.warn("WebGPU is left out:", error);
    return "wasm";
  }
}

/**
 * @param {"wasm" | "webgpu"} accelerator
 * @param {Uint8Array} file
 * @param {Float32Array} input
 * @param {number} width
 * @param {number} height
 */
async function trial(accelerator, file, input, width, height) {
  const compiled = await loadAndCompile(file, { accelerator });
  let [ms, output] = [Infinity, input];
  for (let i = 0; i < TRIALS; i += 1) {
    const start = performance.now();
    output = await evaluate(compiled, input, width, height);
    ms = Math.min(ms, performance.now() - start);
  }
  compiled.delete();
  return { ms, output };
}

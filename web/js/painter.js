// Painter: the worker's side; paints frames onto the page's canvas, and photos into files.

import { ExposureTracker, exposureCurve } from "./exposure.js";
import { pictureOfFrame, pixelsOf } from "./frames.js";
import { inScope } from "./memory.js";
import { Network } from "./network.js";
import { Picture } from "./picture.js";
import { stylized } from "./stylize.js";

/** @import { Look, StyleNumbers } from "./stylize.js" */

/**
 * @typedef {StyleNumbers & {id: string, file: string}} PaintedStyle
 * @typedef {{style: PaintedStyle, look: Look, lines: number, mirrored: boolean}} Settings
 */

/** @type {OffscreenCanvas} */
let canvas;
/** @type {OffscreenCanvasRenderingContext2D} */
let context;
/** @type {Map<string, Promise<Network>>} */
const networks = new Map();
const exposure = new ExposureTracker();

/** Answers to the page's messages by their kind. */
const HANDLERS = {
  /** @param {{canvas: OffscreenCanvas}} message */
  async canvas(message) {
    canvas = message.canvas;
    context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  },

  /** @param {{frame: VideoFrame | ImageBitmap, seconds: number, settings: Settings}} message */
  async frame({ frame, seconds, settings }) {
    const start = performance.now();
    const picture = await pictureOfFrame(frame);
    frame.close();
    const painting = await paint(picture, settings, (luma, full) => exposure.measure(luma, full, seconds));
    await draw(painting, settings.mirrored);
    return { ms: performance.now() - start, width: painting.width, height: painting.height };
  },

  /** @param {{bitmap: ImageBitmap, settings: Settings}} message */
  async photo({ bitmap, settings }) {
    const { width, height } = bitmap;
    const pixels = pixelsOf(bitmap, width, height);
    bitmap.close();
    const painting = await paint(Picture.fromRGBA(pixels, width, height), settings, exposureCurve);
    const target = new OffscreenCanvas(width, height);
    target.getContext("2d")?.putImageData(new ImageData(painting.toRGBA(), width, height), 0, 0);
    return { blob: await target.convertToBlob({ type: "image/png" }) };
  },

  /** The canvas as a file. */
  async snapshot() {
    return { blob: await canvas.convertToBlob({ type: "image/png" }) };
  },
};

/** @type {Promise<void>} */
let last = Promise.resolve();

/**
 * Answer a message when those before it are answered.
 *
 * @param {{kind: keyof typeof HANDLERS, id: number}} message
 */
export function receive(message) {
  last = last.then(() => handle(message));
}

/** @param {{kind: keyof typeof HANDLERS, id: number}} message */
async function handle(message) {
  try {
    const answer = await inScope(() => HANDLERS[message.kind](/** @type {any} */ (message)));
    postMessage({ id: message.id, answer });
  } catch (error) {
    postMessage({ id: message.id, error: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * @param {Picture} picture
 * @param {Settings} settings
 * @param {(luma: import("./planes.js").Plane, fullRange: boolean) => Float32Array} curveOf
 */
async function paint(picture, { style, look, lines }, curveOf) {
  const network = await networkOf(style);
  return stylized(picture, { style, look, lines, curveOf, network: (...input) => network.run(...input) });
}

/**
 * Network of a style; only the last one stays compiled.
 *
 * @param {PaintedStyle} style
 */
async function networkOf({ file }) {
  let network = networks.get(file);
  if (!network) {
    network = Network.load(file);
    networks.set(file, network);
    network.catch(() => networks.delete(file)); // is tried again the next time
  }
  for (const [name, other] of networks) if (name !== file) (await other).close();
  return network;
}

/**
 * @param {Picture} painting
 * @param {boolean} mirrored
 */
async function draw(painting, mirrored) {
  const { width, height } = painting;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const image = await painting.toImage();
  context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? width : 0, 0);
  context.drawImage(image, 0, 0);
  image.close();
}

// Painter: the worker that paints frames and photos.

import { answering, Handed } from "./answers.js";
import { ExposureTracker, exposureCurve } from "./exposure.js";
import { pictureOfFrame, pixelsOf } from "./frames.js";
import { inScope } from "./memory.js";
import { Network } from "./network.js";
import { Picture } from "./picture.js";
import { stylized } from "./stylize.js";

/** @import { ExposureState } from "./exposure.js" */
/** @import { Look, StyleNumbers } from "./stylize.js" */

/**
 * @typedef {StyleNumbers & {id: string, file: string}} PaintedStyle
 * @typedef {{style: PaintedStyle, look: Look, lines: number}} Settings
 */

/** @type {Map<string, Promise<Network>>} */
const networks = new Map();

/** Answer to a request. */
export const receive = answering({
  frame: (/** @type {FrameRequest} */ request) => inScope(() => paintFrame(request)),
  photo: (/** @type {PhotoRequest} */ request) => inScope(() => paintPhoto(request)),
});

/**
 * @typedef {object} FrameRequest
 * @property {VideoFrame | ImageBitmap} frame
 * @property {number} seconds presentation time
 * @property {ExposureState | null} exposure of the frame before
 * @property {Settings} settings
 *
 * @param {FrameRequest} request
 */
async function paintFrame({ frame, seconds, exposure, settings }) {
  const start = performance.now();
  const picture = await pictureOfFrame(frame);
  frame.close();
  const tracker = new ExposureTracker(exposure);
  const painting = await paint(picture, settings, (luma, full) => tracker.measure(luma, full, seconds));
  const image = await painting.toImage();
  const { width, height } = painting;
  return new Handed({ image, width, height, exposure: tracker.state, ms: performance.now() - start }, [image]);
}

/**
 * @typedef {{bitmap: ImageBitmap, settings: Settings}} PhotoRequest
 *
 * @param {PhotoRequest} request
 */
async function paintPhoto({ bitmap, settings }) {
  const { width, height } = bitmap;
  const pixels = pixelsOf(bitmap, width, height);
  bitmap.close();
  const painting = await paint(Picture.fromRGBA(pixels, width, height), settings, exposureCurve);
  const target = new OffscreenCanvas(width, height);
  target.getContext("2d")?.putImageData(new ImageData(painting.toRGBA(), width, height), 0, 0);
  return { blob: await target.convertToBlob({ type: "image/png" }) };
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

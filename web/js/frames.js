// Frames: pictures out of the browser's video frames, without a conversion where the format allows it.

import { BT709, Picture } from "./picture.js";
import { Plane } from "./planes.js";

/** @import { ColorSpace } from "./picture.js" */

/**
 * Picture of a frame.
 *
 * @param {VideoFrame | ImageBitmap} frame a bitmap where the browser has no video frames
 * @returns {Promise<Picture>}
 */
export async function pictureOfFrame(frame) {
  if (frame instanceof ImageBitmap) {
    const { width, height } = frame;
    return Picture.fromRGBA(pixelsOf(frame, width, height), width, height);
  }
  const { displayWidth, displayHeight, visibleRect } = frame;
  const upright = displayWidth === visibleRect?.width && displayHeight === visibleRect.height;
  if (upright && (frame.format === "I420" || frame.format === "NV12")) return planarPicture(frame);
  return Picture.fromRGBA(pixelsOf(frame, displayWidth, displayHeight), displayWidth, displayHeight);
}

/** @type {OffscreenCanvasRenderingContext2D | null} */
let reader = null;

/**
 * RGBA of an image.
 *
 * @param {CanvasImageSource} image
 * @param {number} width
 * @param {number} height
 */
export function pixelsOf(image, width, height) {
  if (reader?.canvas.width !== width || reader.canvas.height !== height) {
    reader = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  }
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (reader);
  context.fillStyle = "white"; // shows where the image is transparent
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** @param {VideoFrame} frame */
async function planarPicture(frame) {
  const [width, height] = [frame.displayWidth, frame.displayHeight];
  const [halfWidth, halfHeight] = [(width + 1) >> 1, (height + 1) >> 1];
  const content = new Uint8Array(frame.allocationSize());
  const layout = await frame.copyTo(content);
  const plane = (/** @type {number} */ index, /** @type {number} */ step, /** @type {number} */ first) =>
    planeOf(content, layout[index], step, first, halfWidth, halfHeight);
  const y = planeOf(content, layout[0], 1, 0, width, height);
  const [u, v] = frame.format === "I420" ? [plane(1, 1, 0), plane(2, 1, 0)] : [plane(1, 2, 0), plane(1, 2, 1)];
  return new Picture(y, u, v, colorOf(frame));
}

/**
 * @param {Uint8Array} content
 * @param {PlaneLayout} place
 * @param {number} step between the levels of a row
 * @param {number} first level
 * @param {number} width
 * @param {number} height
 */
function planeOf(content, { offset, stride }, step, first, width, height) {
  const plane = new Plane(width, height);
  const { data } = plane;
  for (let row = 0; row < height; row += 1) {
    const start = offset + row * stride;
    if (step === 1) data.set(content.subarray(start, start + width), row * width);
    else for (let x = 0; x < width; x += 1) data[row * width + x] = content[start + first + step * x];
  }
  return plane;
}

/**
 * @param {VideoFrame} frame
 * @returns {ColorSpace}
 */
function colorOf({ colorSpace }) {
  const matrix = /** @type {ColorSpace["matrix"] | null} */ (colorSpace.matrix);
  if (!matrix || matrix === /** @type {string} */ ("rgb")) return BT709;
  return { matrix, fullRange: Boolean(colorSpace.fullRange) };
}

// Stylization of pictures, as vidstyle does it frame by frame: exposure, abstraction, network, smoothing, chroma,
// finish and size.

import { abstracted } from "./abstraction.js";
import { enlarged, faded, graded, withOwnChroma } from "./finish.js";
import { kernels, placed, reserve } from "./memory.js";
import { fromPalette, fromRGB, Picture, toRGB, UNCHANGED } from "./picture.js";
import { mapped, nearest, places, Plane, resize } from "./planes.js";
import { smoothed } from "./smoothing.js";

/** @import { Finish } from "./finish.js" */

/**
 * Style, as the page's list has it.
 *
 * @typedef {object} StyleNumbers
 * @property {number} border px mirrored around the picture: the reach of the network's zero padding
 * @property {boolean} normalizes_exposure
 * @property {number} abstraction
 * @property {number} smoothing
 * @property {number} own_chroma
 * @property {number[] | null} palette map of the network's colors: rows of a 3x3 matrix, then the offset
 * @property {Finish} finish
 *
 * @typedef {{strength: number, keepColors: boolean}} Look
 *
 * Network: RGB 0..1, rows of pixels, to the same.
 *
 * @typedef {(input: Float32Array, width: number, height: number) => Promise<Float32Array>} Network
 */

const GRID = 4; // px; the sides of a network's input are multiples of this
const PIXEL = 3 * 4; // bytes of one in the network's input and output

/**
 * Size at which a picture is painted; even if it is reduced.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} lines of the shorter side at most
 * @returns {[number, number]}
 */
export function workingSize(width, height, lines) {
  const scale = lines / Math.min(width, height);
  if (scale >= 1) return [width, height];
  const even = (/** @type {number} */ side) => Math.min(side, Math.max(2, 2 * nearest((side * scale) / 2)));
  return [even(width), even(height)];
}

/**
 * Paint a picture, in the present scope of the memory.
 *
 * @param {Picture} original
 * @param {object} how
 * @param {StyleNumbers} how.style
 * @param {Network} how.network
 * @param {number} how.lines of the working size at most
 * @param {Look} how.look
 * @param {(luma: Plane, fullRange: boolean) => Float32Array} how.curveOf exposure curve of the picture
 * @returns {Promise<Picture>} of the original's size
 */
export async function stylized(original, { style, network, lines, look, curveOf }) {
  const working = original.resized(...workingSize(original.width, original.height, lines));
  const { y, u, v, color } = working;
  let exposed = working;
  if (style.normalizes_exposure) {
    exposed = new Picture(mapped(y, curveOf(y, color.fullRange)), u, v, color);
  }
  const [wide, high] = borderedSize(working.width, working.height, style.border);
  const calm = abstracted(exposed, style.abstraction);
  const output = await network(bordered(calm, style.border, wide, high), wide, high);
  const strokes = smoothed(pictureOf(output, wide, style, exposed), calm, style.smoothing);
  let painting = withOwnChroma(strokes, exposed, style.own_chroma);
  painting = enlarged(graded(painting, style.finish), working, original, style.finish.sharpness);
  if (look.keepColors) painting = new Picture(painting.y, original.u, original.v, color);
  return faded(original, painting, look.strength);
}

/**
 * Sides of a network's input for a picture.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} border
 */
export function borderedSize(width, height, border) {
  return [width, height].map((side) => GRID * Math.ceil(side / GRID) + 2 * border);
}

/**
 * The network's input: RGB 0..1 of a picture with a mirrored border.
 *
 * @param {Picture} picture
 * @param {number} border
 * @param {number} wide sides with the border
 * @param {number} high
 */
function bordered(picture, border, wide, high) {
  const { width, height, color } = picture;
  const [u, v] = [resize(picture.u, width, height), resize(picture.v, width, height)];
  const mirrored = Math.min(width, height) > border + GRID;
  const columns = places(width, border, wide, mirrored);
  const numbers = [columns, places(height, border, high, mirrored), toRGB(color)].map(placed);
  const result = reserve(PIXEL * wide * high);
  kernels.planes_to_network(picture.y.start, u.start, v.start, result, width, height, border, wide, high, ...numbers);
  return new Float32Array(kernels.memory.buffer, result, 3 * wide * high);
}

/**
 * The picture in the network's output, in the style's colors.
 *
 * @param {Float32Array} output RGB 0..1 with the border
 * @param {number} wide its width
 * @param {StyleNumbers} style
 * @param {Picture} like picture of the size and color space
 */
function pictureOf(output, wide, { border, palette }, like) {
  const { width, height, color } = like;
  const [y, u, v] = [0, 1, 2].map(() => new Plane(width, height));
  const first = placed(output) + PIXEL * (border * wide + border);
  const maps = [...(palette ? [UNCHANGED, fromPalette(palette)] : []), fromRGB(color)].map(placed);
  kernels.network_to_planes(first, y.start, u.start, v.start, width, height, wide, maps[0]);
  for (const map of maps.slice(1)) kernels.mix_planes(y.start, u.start, v.start, y.size, map);
  return new Picture(y, resize(u, like.u.width, like.u.height), resize(v, like.v.width, like.v.height), color);
}

// Finish of paintings: own chroma, contrast, clarity, saturation and enlargement, as vidstyle has them.

import { kernels } from "./memory.js";
import { Picture } from "./picture.js";
import { areaResized, blurred, cubicResized, median, Plane, resize, scaled, weighted } from "./planes.js";

/**
 * Numbers of a style's finish; see vidstyle's finish.py.
 *
 * @typedef {object} Finish
 * @property {number} sharpness
 * @property {number} contrast
 * @property {number} brightness
 * @property {number} clarity
 * @property {number} saturation
 */

const MIDDLE = 128; // level of the contrast's pivot and of gray in U and V
const BASE_SIGMA = 1 / 24; // of the shorter side, of the blur that clarity leaves alone
const BASE_GRID = 8; // px a cell of the grid on which that blur is computed
const PALETTE_LOSS = 0.7; // of the painting's chroma per share of the photo's
const FAINT = 6; // levels of the picture's chroma below which any color of the painting may stay
const PLAIN_FACTOR = 2.3; // enlargement up to which no detail of the original comes back
const DETAIL_FACTOR = 4; // enlargement from which all of it does
const UNSHARP_SIGMA = 1; // px of the working size
const PLANES = /** @type {const} */ (["y", "u", "v"]);

/**
 * Mix the chroma of a picture into that of its painting, which never goes against it.
 *
 * @param {Picture} painting
 * @param {Picture} picture the network's input
 * @param {number} share of the picture's own chroma, 0..1
 */
export function withOwnChroma(painting, picture, share) {
  if (share === 0) return painting;
  const palette = 1 - PALETTE_LOSS * share;
  const own = [picture.u, picture.v].map(median);
  const [u, v] = own.map(({ width, height }) => new Plane(width, height));
  const starts = [...own, painting.u, painting.v, u, v].map(({ start }) => start);
  kernels.own_chroma(...starts, u.size, share, palette, FAINT ** 2);
  return new Picture(painting.y, u, v, painting.color);
}

/**
 * Apply contrast, brightness, clarity and saturation.
 *
 * @param {Picture} painting
 * @param {Finish} finish
 */
export function graded(painting, { contrast, brightness, clarity, saturation }) {
  const saturated = (/** @type {Plane} */ plane) =>
    saturation === 1 ? plane : scaled(plane, saturation, MIDDLE * (1 - saturation));
  const offset = MIDDLE * (1 - contrast) + 255 * brightness;
  let { y } = painting;
  if (clarity && Math.min(y.width, y.height) >= 2 * BASE_GRID) {
    y = weighted(y, contrast, localContrast(y, contrast * clarity), 1, offset - MIDDLE);
  } else if (contrast !== 1 || brightness) {
    y = scaled(y, contrast, offset);
  }
  return new Picture(y, saturated(painting.u), saturated(painting.v), painting.color);
}

/**
 * Difference of the luma from its blur, times a gain, plus `MIDDLE`.
 *
 * @param {Plane} y
 * @param {number} gain
 */
function localContrast(y, gain) {
  const { width, height } = y;
  const half = areaResized(y, width >> 1, height >> 1);
  const cells = areaResized(half, Math.floor(width / BASE_GRID), Math.floor(height / BASE_GRID));
  const soft = blurred(cells, (BASE_SIGMA * Math.min(width, height)) / BASE_GRID, false);
  const base = resize(soft, half.width, half.height);
  return resize(weighted(half, gain, base, -gain, MIDDLE), width, height);
}

/**
 * Enlarge a painting to the size of the original; unchanged at equal sizes.
 *
 * @param {Picture} painting at the working size
 * @param {Picture} working the network's input, of the same size
 * @param {Picture} original
 * @param {number} sharpness amount of the unsharp mask
 */
export function enlarged(painting, working, original, sharpness) {
  const { width, height } = original;
  if (painting.width === width && painting.height === height) return painting;
  const factor = Math.min(width, height) / Math.min(painting.width, painting.height);
  const detail = Math.min(1, Math.max(0, (factor - PLAIN_FACTOR) / (DETAIL_FACTOR - PLAIN_FACTOR)));
  if (detail === 0) return upscaled(painting, original, sharpness);
  const detailed = withDetail(painting, working, original);
  return detail === 1 ? detailed : faded(upscaled(painting, original, sharpness), detailed, detail);
}

/**
 * @param {Picture} painting
 * @param {Picture} original
 * @param {number} sharpness
 */
function upscaled({ y, u, v, color }, original, sharpness) {
  const sharp = sharpness > 0 ? weighted(y, 1 + sharpness, blurred(y, UNSHARP_SIGMA, true), -sharpness, 0) : y;
  const half = /** @type {const} */ ([original.u.width, original.u.height]);
  const large = cubicResized(sharp, original.width, original.height);
  return new Picture(large, resize(u, ...half), resize(v, ...half), color);
}

/**
 * @param {Picture} painting
 * @param {Picture} working
 * @param {Picture} original
 */
function withDetail(painting, working, original) {
  const changed = (/** @type {Plane} */ old, /** @type {Plane} */ fresh, /** @type {Plane} */ full) => {
    const change = resize(weighted(fresh, 0.5, old, -0.5, MIDDLE), full.width, full.height);
    return weighted(full, 1, change, 2, -2 * MIDDLE);
  };
  const [y, u, v] = PLANES.map((name) => changed(working[name], painting[name], original[name]));
  return new Picture(y, u, v, painting.color);
}

/**
 * Mix two pictures of one size.
 *
 * @param {Picture} first
 * @param {Picture} second
 * @param {number} share 0 is the first, 1 the second
 */
export function faded(first, second, share) {
  if (share === 1) return second;
  const [y, u, v] = PLANES.map((name) => weighted(first[name], 1 - share, second[name], share, 0));
  return new Picture(y, u, v, second.color);
}

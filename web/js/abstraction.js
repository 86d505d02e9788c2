// Abstraction: a picture without its faint texture, by the guided filter of vidstyle's abstraction.py.

import { kernels, placed, reserve, withScratch } from "./memory.js";
import { Picture } from "./picture.js";
import { areaMeans, placedFractions, places, Plane } from "./planes.js";

const RADIUS = 10; // px of the working size
const FAINT = 0.002; // variance of luma 0..1 that an abstraction of 1 halves
const [FLOAT, DOUBLE] = [4, 8]; // bytes

/**
 * Smooth faint texture away; edges and chroma stay as they are.
 *
 * @param {Picture} picture
 * @param {number} amount 0 for none; contrasts of a variance of `amount * FAINT` are halved, in the dark those of a
 *   smaller one
 */
export function abstracted(picture, amount) {
  if (!amount) return picture;
  const luma = selfGuided(picture.y, amount * FAINT);
  return new Picture(luma, picture.u, picture.v, picture.color);
}

/**
 * Guided filter with the plane as its own guide, whose statistics are measured at half the size.
 *
 * @param {Plane} luma
 * @param {number} variance of luma 0..1
 */
function selfGuided(luma, variance) {
  const { width, height } = luma;
  const result = new Plane(width, height);
  withScratch(() => {
    const step = Math.min(width, height) > 2 ? 2 : 1;
    const small = { width: Math.floor(width / step), height: Math.floor(height / step) };
    const size = small.width * small.height;
    const levels = areaMeans(luma, small.width, small.height);
    const radius = RADIUS / step;
    const [gains, offsets, squares] = [0, 1, 2].map(() => reserve(FLOAT * size));
    const around = [small.width, small.height].map((side) => placed(places(side, radius, side + 2 * radius, true)));
    const scratch = [squares, reserve(DOUBLE * (small.width + 2 * radius))];
    kernels.guide(levels, gains, offsets, small.width, small.height, variance, radius, ...around, ...scratch);
    const taps = placedFractions(small, width, height);
    const lines = reserve(4 * FLOAT * width);
    kernels.guided(luma.start, gains, offsets, small.width, result.start, width, height, ...taps, lines);
  });
  return result;
}

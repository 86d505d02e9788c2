// Smoothing of strokes along the contours of the picture and of its painting, as in vidstyle's smoothing.py.

import { kernels, placed, reserve, withScratch } from "./memory.js";
import { Picture } from "./picture.js";
import { areaResized, nearest, places, Plane } from "./planes.js";

const HOPS = 3; // each twice as long as the one before
const FIRST_HOP = 1.5; // px
const SHARPENING = 0.5; // of the unsharp mask after the hops
const BLUR = 2.6; // px, radius of its mean
const TENSOR_RADIUS = 3; // px at half the size, over which gradients are averaged
const DETAIL = 30; // squared gradient, in levels a px of half the size, that counts by half
const [CROSSED, STRAIGHT] = [0.3, 0.8]; // coherences of gradients: none of the hop below, all of it above
const CHROMA_RADIUS = 1; // px of the mean over the chroma, which has no hops
const FLOAT = 4; // bytes
const PARTS = 3; // of a structure tensor
const REACH = 4; // px of the margin that the kernel reads beyond the longest hop
const SPARE = 16; // bytes that the kernels touch after the end

/**
 * Painting whose strokes are smoothed along the contours.
 *
 * @param {Picture} painting
 * @param {Picture} picture what was painted, of the same size
 * @param {number} amount length of the hops, as a factor; 0 for none
 */
export function smoothed(painting, picture, amount) {
  if (!amount) return painting;
  const { y, u, v, color } = painting;
  const luma = hopped(y, picture.y, amount);
  return new Picture(luma, meanAround(u, CHROMA_RADIUS), meanAround(v, CHROMA_RADIUS), color);
}

/**
 * @param {Plane} painted
 * @param {Plane} plain what was painted
 * @param {number} amount
 */
function hopped(painted, plain, amount) {
  const { width, height, size } = painted;
  const result = new Plane(width, height);
  withScratch(() => {
    const steps = stepsAlong(painted, plain, FIRST_HOP * amount);
    const margin = Math.ceil(FIRST_HOP * amount * 2 ** (HOPS - 1)) + REACH;
    const padded = reserve((width + 2 * margin) * (height + 2 * margin) + SPARE);
    const [hops, soft] = [0, 1].map(() => reserve(size));
    for (let hop = 0, from = painted.start; hop < HOPS; hop += 1, from = hops) {
      kernels.pad(from, padded, width, height, margin);
      kernels.hop(padded, margin, hops, width, height, ...steps, 2 ** hop);
    }
    means(hops, soft, width, height, Math.max(1, nearest(BLUR * amount)));
    const [gain, loss] = [1 + SHARPENING, -SHARPENING].map(Math.fround);
    kernels.weigh(hops, gain, soft, loss, 0, result.start, size);
  });
  return result;
}

/**
 * Steps along the contours of both planes, shorter where those of the second cross; in the present scope.
 *
 * @param {Plane} painted
 * @param {Plane} plain
 * @param {number} length px
 * @returns {number[]} places of the steps across and down, one of each for 2x2 pixels
 */
function stepsAlong(painted, plain, length) {
  const [width, height] = [(painted.width + 1) >> 1, (painted.height + 1) >> 1];
  const size = width * height;
  const steps = [0, 1].map(() => reserve(FLOAT * size + SPARE));
  withScratch(() => {
    const tensors = [0, 1].map(() => reserve(PARTS * FLOAT * size + SPARE));
    const around = placesAround(width, height, TENSOR_RADIUS);
    const scratch = [PARTS * size, 2 * (width + 2 * TENSOR_RADIUS), width].map((count) => reserve(FLOAT * count));
    [painted, plain].forEach((plane, i) => {
      const small = areaResized(plane, width, height);
      kernels.tensor(small.start, tensors[i], width, height, TENSOR_RADIUS, ...around, ...scratch);
    });
    kernels.steps(...tensors, ...steps, size, length, STRAIGHT, CROSSED, DETAIL);
  });
  return steps;
}

/**
 * Mean over a square.
 *
 * @param {Plane} plane
 * @param {number} radius px, half of the square's side
 */
function meanAround(plane, radius) {
  const { width, height } = plane;
  const result = new Plane(width, height);
  means(plane.start, result.start, width, height, radius);
  return result;
}

/**
 * @param {number} from place of the plane
 * @param {number} to place of the result
 * @param {number} width
 * @param {number} height
 * @param {number} radius px
 */
function means(from, to, width, height, radius) {
  withScratch(() => {
    const scratch = [width + 2 * radius, width].map((count) => reserve(FLOAT * count));
    kernels.mean(from, to, width, height, radius, ...placesAround(width, height, radius), ...scratch);
  });
}

/**
 * Places of the columns and rows with borders, mirrored at the edge pixels.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} border px
 */
function placesAround(width, height, border) {
  return [width, height].map((side) => placed(places(side, border, side + 2 * border, true)));
}

// Planes of 8 bits: resizing, blurs and weighted sums, with the results of OpenCV within one level.

import { kernels, placed, reserve, withScratch } from "./memory.js";

const FLOAT = 4; // bytes

/** Plane of a picture in the kernels' memory: rows of levels 0..255 without gaps. */
export class Plane {
  /**
   * @param {number} width in pixels
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.start = reserve(width * height);
  }

  get size() {
    return this.width * this.height;
  }

  /** The levels; a view that ends when more memory is reserved. */
  get data() {
    return new Uint8ClampedArray(kernels.memory.buffer, this.start, this.size);
  }
}

/**
 * Sources and weights of each pixel of a resized line; as many for each of them.
 *
 * @typedef {{count: number, places: Int32Array, weights: Float32Array | Int32Array}} Taps
 */

/**
 * Nearest whole number, the even one of two.
 *
 * @param {number} value
 */
export function nearest(value) {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 ? rounded - 1 : rounded;
}

/**
 * Resize by halving with area averages while both sides allow it, then bilinearly.
 *
 * @param {Plane} plane
 * @param {number} width
 * @param {number} height
 */
export function resize(plane, width, height) {
  while (plane.width >= 2 * width && plane.height >= 2 * height) {
    plane = areaResized(plane, plane.width >> 1, plane.height >> 1);
  }
  return plane.width === width && plane.height === height ? plane : bilinear(plane, width, height);
}

/**
 * Resize by averages over areas.
 *
 * @param {Plane} plane
 * @param {number} width at most the plane's
 * @param {number} height likewise
 */
export function areaResized(plane, width, height) {
  if (plane.width !== 2 * width || plane.height !== 2 * height) return filtered(plane, width, height, areaTaps);
  const result = new Plane(width, height);
  kernels.halve(plane.start, result.start, width, height);
  return result;
}

/**
 * Averages over areas, not rounded; in the present scope of the memory.
 *
 * @param {Plane} plane
 * @param {number} width at most the plane's
 * @param {number} height likewise
 * @returns {number} place of the floats
 */
export function areaMeans(plane, width, height) {
  const result = reserve(FLOAT * width * height);
  if (plane.width === 2 * width && plane.height === 2 * height) {
    kernels.halve_exactly(plane.start, result, width, height);
  } else {
    withScratch(() => kernels.filter_exactly(...filterArguments(plane, result, width, height, areaTaps)));
  }
  return result;
}

/**
 * Enlarge by bicubic interpolation.
 *
 * @param {Plane} plane
 * @param {number} width
 * @param {number} height
 */
export function cubicResized(plane, width, height) {
  return filtered(plane, width, height, cubicTaps);
}

/**
 * @param {Plane} plane
 * @param {number} width
 * @param {number} height
 */
function bilinear(plane, width, height) {
  const result = new Plane(width, height);
  withScratch(() => {
    const taps = placedLinearTaps(plane, width, height);
    kernels.bilinear(plane.start, plane.width, result.start, width, height, ...taps, reserve(2 * 4 * width));
  });
  return result;
}

/**
 * Taps of bilinear interpolation in fixed point, in the kernels' memory.
 *
 * @param {{width: number, height: number}} source
 * @param {number} width of the result
 * @param {number} height likewise
 * @returns {number[]} places of the columns, their weights, the rows and their weights
 */
function placedLinearTaps(source, width, height) {
  const [columns, rows] = [tapsFor(linearTaps, source.width, width), tapsFor(linearTaps, source.height, height)];
  return [columns.places, columns.weights, rows.places, rows.weights].map(placed);
}

/**
 * The same for floats, of which OpenCV takes the first and a fraction of the way to the second.
 *
 * @param {{width: number, height: number}} source
 * @param {number} width of the result
 * @param {number} height likewise
 * @returns {number[]} places of the columns, their fractions, the rows and their fractions
 */
export function placedFractions(source, width, height) {
  const [columns, rows] = [tapsFor(fractionTaps, source.width, width), tapsFor(fractionTaps, source.height, height)];
  return [columns.places, columns.weights, rows.places, rows.weights].map(placed);
}

/**
 * @param {Plane} plane
 * @param {number} width
 * @param {number} height
 * @param {(source: number, size: number) => Taps} kind
 */
function filtered(plane, width, height, kind) {
  const result = new Plane(width, height);
  withScratch(() => {
    kernels.filter(...filterArguments(plane, result.start, width, height, kind), reserve(FLOAT * width));
  });
  return result;
}

/**
 * Arguments that both kinds of filter have in common, in the present scope.
 *
 * @param {Plane} plane
 * @param {number} result its place
 * @param {number} width
 * @param {number} height
 * @param {(source: number, size: number) => Taps} kind
 */
function filterArguments(plane, result, width, height, kind) {
  const [columns, rows] = fitted(tapsFor(kind, plane.width, width), tapsFor(kind, plane.height, height));
  const { count } = columns;
  const taps = [columns.places, columns.weights, rows.places, rows.weights].map(placed);
  const scratch = [count * FLOAT * width, FLOAT * count].map(reserve);
  return [plane.start, plane.width, result, width, height, count, ...taps, ...scratch];
}

/**
 * Both with the larger count of taps.
 *
 * @param {...Taps} both
 */
function fitted(...both) {
  const count = Math.max(...both.map((taps) => taps.count));
  return both.map((taps) => {
    if (taps.count === count) return taps;
    const size = taps.places.length / taps.count;
    const pad = (/** @type {any} */ values) => (/** @type {number} */ i) =>
      i % count < taps.count ? values[Math.floor(i / count) * taps.count + (i % count)] : 0;
    const [place, weight] = [pad(taps.places), pad(taps.weights)];
    return {
      count,
      places: Int32Array.from({ length: size * count }, (_, i) => place(i)),
      weights: Float32Array.from({ length: size * count }, (_, i) => weight(i)),
    };
  });
}

/**
 * @param {number} size of the resized line
 * @param {number} count of sources
 * @param {(index: number) => [number, number[]]} tapsOf first source and weights of a pixel
 * @param {number} source size of the line that is resized
 * @returns {Taps}
 */
function makeTaps(size, count, tapsOf, source) {
  const places = new Int32Array(size * count);
  const weights = new Float32Array(size * count);
  for (let index = 0; index < size; index += 1) {
    const [first, values] = tapsOf(index);
    for (let k = 0; k < count; k += 1) {
      places[index * count + k] = Math.min(source - 1, Math.max(0, first + k));
      weights[index * count + k] = values[k] ?? 0;
    }
  }
  return { count, places, weights };
}

const LINEAR_BITS = 11; // of the weights of bilinear interpolation, in fixed point as OpenCV has it

/**
 * @param {number} source size
 * @param {number} size of the result
 */
function linearTaps(source, size) {
  const taps = makeTaps(size, 2, (index) => {
    const place = Math.fround((index + 0.5) * (source / size) - 0.5);
    const first = Math.floor(place);
    return [first, [1 - (place - first), place - first]];
  }, source);
  return { ...taps, weights: Int32Array.from(taps.weights, (weight) => nearest(weight * (1 << LINEAR_BITS))) };
}

/**
 * @param {number} source size
 * @param {number} size of the result
 * @returns {Taps} with one weight for both places
 */
function fractionTaps(source, size) {
  const place = (/** @type {number} */ index) => (index + 0.5) * (source / size) - 0.5;
  const { places } = makeTaps(size, 2, (index) => [Math.floor(place(index)), [0, 0]], source);
  return { count: 2, places, weights: Float32Array.from({ length: size }, (_, i) => place(i) - Math.floor(place(i))) };
}

/**
 * @param {number} source size
 * @param {number} size of the result
 */
function cubicTaps(source, size) {
  const a = -0.75;
  const outer = (/** @type {number} */ d) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  const inner = (/** @type {number} */ d) => ((a + 2) * d - (a + 3)) * d * d + 1;
  return makeTaps(size, 4, (index) => {
    const place = (index + 0.5) * (source / size) - 0.5;
    const first = Math.floor(place);
    const t = place - first;
    return [first - 1, [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)]];
  }, source);
}

/**
 * @param {number} source size
 * @param {number} size of the result
 */
function areaTaps(source, size) {
  const scale = source / size;
  return makeTaps(size, Math.ceil(scale) + (Number.isInteger(scale) ? 0 : 1), (index) => {
    const [start, end] = [index * scale, (index + 1) * scale];
    const first = Math.floor(start + 1e-6);
    const values = [];
    for (let place = first; place < end - 1e-6; place += 1) {
      values.push((Math.min(end, place + 1) - Math.max(start, place)) / scale);
    }
    return [first, values];
  }, source);
}

/** @type {Map<string, Taps>} */
const knownTaps = new Map();
const MOST_KNOWN_TAPS = 100; // of as many sizes

/**
 * @param {(source: number, size: number) => Taps} kind
 * @param {number} source
 * @param {number} size
 */
function tapsFor(kind, source, size) {
  const key = `${kind.name} ${source} ${size}`;
  let taps = knownTaps.get(key);
  if (!taps) {
    if (knownTaps.size >= MOST_KNOWN_TAPS) knownTaps.clear();
    taps = kind(source, size);
    knownTaps.set(key, taps);
  }
  return taps;
}

/**
 * Weighted sum of two planes of one size, plus an offset.
 *
 * @param {Plane} first
 * @param {number} gain
 * @param {Plane} second
 * @param {number} secondGain
 * @param {number} offset
 */
export function weighted(first, gain, second, secondGain, offset) {
  const result = new Plane(first.width, first.height);
  const [a, b, c] = [gain, secondGain, offset].map(Math.fround);
  kernels.weigh(first.start, a, second.start, b, c, result.start, result.size);
  return result;
}

/**
 * Plane times a gain, plus an offset.
 *
 * @param {Plane} plane
 * @param {number} gain
 * @param {number} offset
 */
export function scaled(plane, gain, offset) {
  const [factor, start] = [Math.fround(gain), Math.fround(offset)];
  return mapped(plane, Float32Array.from({ length: 256 }, (_, level) => level * factor + start));
}

/**
 * Plane with each level replaced.
 *
 * @param {Plane} plane
 * @param {ArrayLike<number>} curve 256 levels, which are rounded and clipped
 */
export function mapped(plane, curve) {
  const result = new Plane(plane.width, plane.height);
  withScratch(() => kernels.look_up(plane.start, result.start, plane.size, placed(Uint8ClampedArray.from(curve))));
  return result;
}

/**
 * Number of pixels of each level.
 *
 * @param {Plane} plane
 * @returns {Int32Array} 256
 */
export function histogram(plane) {
  let counts = new Int32Array(256);
  withScratch(() => {
    const place = reserve(counts.byteLength);
    kernels.count(plane.start, plane.size, place);
    counts = new Int32Array(kernels.memory.buffer, place, 256).slice();
  });
  return counts;
}

/**
 * Gaussian blur, with weights in fixed point of 8 bits as OpenCV has it.
 *
 * @param {Plane} plane
 * @param {number} sigma in pixels
 * @param {boolean} mirrored at the borders; their pixels are repeated otherwise
 */
export function blurred(plane, sigma, mirrored) {
  const { width, height } = plane;
  const result = new Plane(width, height);
  const weights = gaussian(sigma);
  const radius = weights.length >> 1;
  withScratch(() => {
    const around = [width, height].map((size) => placed(places(size, radius, size + 2 * radius, mirrored)));
    const scratch = [4 * (width + 2 * radius), 4 * width].map(reserve);
    kernels.blur(plane.start, result.start, width, height, placed(weights), radius, ...around, ...scratch);
  });
  return result;
}

/**
 * @param {number} sigma
 * @returns {Int32Array} weights that add up to 256
 */
function gaussian(sigma) {
  const radius = (Math.round(6 * sigma + 1) | 1) >> 1;
  const bell = (/** @type {number} */ x) => Math.exp(-(x * x) / (2 * sigma * sigma));
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => bell(i - radius));
  const sum = kernel.reduce((a, b) => a + b);
  const weights = new Int32Array(kernel.length);
  for (let i = 0, rest = 0; i < radius; i += 1) {
    const exact = (256 * kernel[i]) / sum + rest;
    weights[i] = weights[2 * radius - i] = Math.round(exact);
    rest = exact - weights[i]; // goes to the next one
  }
  weights[radius] = 256 - weights.reduce((a, b) => a + b);
  return weights;
}

/**
 * Pixels that a line with borders takes its values from.
 *
 * @param {number} size of the line
 * @param {number} border before it
 * @param {number} whole size with both borders
 * @param {boolean} mirrored at the edge pixels; they are repeated otherwise
 */
export function places(size, border, whole, mirrored) {
  const period = Math.max(1, 2 * (size - 1));
  return Int32Array.from({ length: whole }, (_, i) => {
    if (!mirrored) return Math.min(size - 1, Math.max(0, i - border));
    const inside = (((i - border) % period) + period) % period;
    return Math.min(inside, period - inside);
  });
}

const MEDIAN = 5; // px, side of the median's window
const MEDIAN_MARGIN = 20; // px that the kernel reads beside a row

/**
 * Median over 5x5 pixels, with replicated borders; smaller planes stay as they are.
 *
 * @param {Plane} plane
 */
export function median(plane) {
  const { width, height } = plane;
  if (Math.min(width, height) < MEDIAN) return plane;
  const result = new Plane(width, height);
  withScratch(() => {
    kernels.median(plane.start, result.start, width, height, reserve(MEDIAN * (width + MEDIAN_MARGIN)));
  });
  return result;
}

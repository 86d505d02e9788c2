// Picture in YUV 4:2:0 with its color space; conversion from and to RGB as in vidstyle's frame.py.

import { kernels, placed, reserve } from "./memory.js";
import { nearest, Plane, resize } from "./planes.js";

/** Red and blue weights of luma (ITU-T H.273), by WebCodecs' names of the matrix. */
const LUMA_WEIGHTS = {
  bt709: [0.2126, 0.0722],
  bt470bg: [0.299, 0.114],
  smpte170m: [0.299, 0.114],
  "bt2020-ncl": [0.2627, 0.0593],
};

/**
 * @typedef {{matrix: keyof typeof LUMA_WEIGHTS, fullRange: boolean}} ColorSpace
 */

/** @type {ColorSpace} */
export const BT709 = { matrix: "bt709", fullRange: false };

/** Picture of three planes; U and V have half the sides, rounded up. */
export class Picture {
  /**
   * @param {Plane} y
   * @param {Plane} u
   * @param {Plane} v
   * @param {ColorSpace} color
   */
  constructor(y, u, v, color) {
    this.y = y;
    this.u = u;
    this.v = v;
    this.color = color;
  }

  get width() {
    return this.y.width;
  }

  get height() {
    return this.y.height;
  }

  /**
   * @param {Uint8ClampedArray} rgba `width * height` pixels; alpha is not looked at
   * @param {number} width
   * @param {number} height
   * @returns {Picture} in BT.709, limited range
   */
  static fromRGBA(rgba, width, height) {
    const [y, u, v] = [0, 1, 2].map(() => new Plane(width, height));
    kernels.rgba_to_planes(placed(rgba), y.start, u.start, v.start, y.size, placed(fromRGB(BT709)));
    const half = /** @type {const} */ ([(width + 1) >> 1, (height + 1) >> 1]);
    return new Picture(y, resize(u, ...half), resize(v, ...half), BT709);
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resized(width, height) {
    if (width === this.width && height === this.height) return this;
    const half = /** @type {const} */ ([(width + 1) >> 1, (height + 1) >> 1]);
    return new Picture(resize(this.y, width, height), resize(this.u, ...half), resize(this.v, ...half), this.color);
  }

  /**
   * Image for a canvas; where the browser has video frames, it converts the planes itself.
   *
   * @returns {Promise<VideoFrame | ImageBitmap>}
   */
  async toImage() {
    if (!("VideoFrame" in self)) return createImageBitmap(new ImageData(this.toRGBA(), this.width, this.height));
    const { y, u, v, color } = this;
    const content = new Uint8Array(y.size + u.size + v.size);
    content.set(y.data);
    content.set(u.data, y.size);
    content.set(v.data, y.size + u.size);
    const colorSpace = { matrix: color.matrix, fullRange: color.fullRange, primaries: "bt709", transfer: "bt709" };
    const size = { codedWidth: this.width, codedHeight: this.height, timestamp: 0 };
    return new VideoFrame(content, { format: "I420", ...size, colorSpace: /** @type {any} */ (colorSpace) });
  }

  /** @returns {Uint8ClampedArray<ArrayBuffer>} RGBA, opaque */
  toRGBA() {
    const { width, height } = this;
    const [u, v] = [resize(this.u, width, height), resize(this.v, width, height)];
    const place = reserve(4 * width * height);
    kernels.planes_to_rgba(this.y.start, u.start, v.start, place, this.y.size, placed(toRGB(this.color)));
    return new Uint8ClampedArray(kernels.memory.buffer, place, 4 * width * height).slice();
  }
}

const BITS = 10; // fractional bits of the color matrices, as OpenCV has them

/** @param {number} value */
function fixed(value) {
  return Math.round(value * (1 << BITS));
}

const HALF = 1 << (BITS - 1); // in each offset, so that results are rounded

/**
 * Numbers for the kernels that make RGB of planes.
 *
 * @param {ColorSpace} color
 */
export function toRGB({ matrix, fullRange }) {
  const [red, blue] = LUMA_WEIGHTS[matrix] ?? LUMA_WEIGHTS.bt709;
  const green = 1 - red - blue;
  const chroma = fullRange ? 1 : 255 / 224;
  const scale = fullRange ? 1 : 255 / 219;
  const redV = 2 * (1 - red) * chroma;
  const blueU = 2 * (1 - blue) * chroma;
  const [greenU, greenV] = [(-blueU * blue) / green, (-redV * red) / green];
  const offset = (/** @type {number} */ gain) => fixed((fullRange ? 0 : -16 * scale) - 128 * gain) + HALF;
  return Int32Array.of(
    fixed(scale), fixed(redV), offset(redV),
    fixed(greenU), fixed(greenV), offset(greenU + greenV),
    fixed(blueU), offset(blueU),
  );
}

/**
 * Numbers for the kernels that make planes of RGB: for Y, U and V the weights and an offset.
 *
 * @param {ColorSpace} color
 */
export function fromRGB({ matrix, fullRange }) {
  const [red, blue] = LUMA_WEIGHTS[matrix] ?? LUMA_WEIGHTS.bt709;
  const green = 1 - red - blue;
  const [y, c] = fullRange ? [1, 1] : [219 / 255, 224 / 255];
  const toU = c / (2 * (1 - blue));
  const toV = c / (2 * (1 - red));
  return Int32Array.of(
    fixed(red * y), fixed(green * y), fixed(blue * y), fixed(fullRange ? 0 : 16) + HALF,
    fixed(-red * toU), fixed(-green * toU), fixed((1 - blue) * toU), fixed(128) + HALF,
    fixed((1 - red) * toV), fixed(-green * toV), fixed(-blue * toV), fixed(128) + HALF,
  );
}

/** Numbers for the kernels that leave RGB as it is. */
export const UNCHANGED = fromPalette([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);

/**
 * Numbers for the kernel that maps RGB, rounded as OpenCV does: for red, green and blue the weights and an offset.
 *
 * @param {number[]} palette rows of a 3x3 matrix, then the offset, for colors 0..1
 */
export function fromPalette(palette) {
  const rounded = (/** @type {number} */ value) => nearest(Math.fround(value) * (1 << BITS));
  return Int32Array.from({ length: 12 }, (_, i) => {
    const [color, source] = [i >> 2, i & 3];
    return source < 3 ? rounded(palette[3 * color + source]) : rounded(255 * palette[9 + color]) + HALF;
  });
}

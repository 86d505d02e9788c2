// Exposure normalization: the luma curve of vidstyle's exposure.py, smoothed in time.

import { histogram } from "./planes.js";

/** @import { Plane } from "./planes.js" */

// Luma quantiles 0..255 at 0/16, 1/16, ... 16/16 over the pixels of many photos.
const TYPICAL_QUANTILES = [0, 13, 26, 34, 46, 60, 74, 89, 101, 114, 130, 147, 162, 177, 194, 218, 255];
const NORMALIZATION = 0.8; // strength; 1 would give every picture the same histogram
const SLOPE_LIMITS = [0.4, 2.5];
const SMOOTHING_LEVELS = 17; // width of the box filter on the slopes
const TIME_CONSTANT_S = 1; // of the exponential smoothing within a scene
const CUT_DISTANCE = 0.35; // of two luma histograms, as a share of the pixels; more is another scene

/**
 * Exposure curve of one picture by histogram matching.
 *
 * @param {Plane} luma
 * @param {boolean} fullRange
 * @returns {Float32Array} 256 levels; black and white are fixed points
 */
export function exposureCurve(luma, fullRange) {
  return curveOf(histogram(luma), luma.size, fullRange);
}

/**
 * Exposure of a stream's last picture.
 *
 * @typedef {{curve: Float32Array, counts: Int32Array, seconds: number}} ExposureState
 */

/** Exposure curve of a stream of pictures, smoothed within a scene against pumping. */
export class ExposureTracker {
  /** @param {ExposureState | null} [state] of the last picture */
  constructor(state = null) {
    this.state = state;
  }

  /**
   * @param {Plane} luma
   * @param {boolean} fullRange
   * @param {number} seconds presentation time
   */
  measure(luma, fullRange, seconds) {
    const counts = histogram(luma);
    const curve = curveOf(counts, luma.size, fullRange);
    if (this.state && distance(this.state.counts, counts) < CUT_DISTANCE) {
      const kept = Math.exp(-Math.abs(seconds - this.state.seconds) / TIME_CONSTANT_S);
      for (let i = 0; i < 256; i += 1) curve[i] += (this.state.curve[i] - curve[i]) * kept;
    }
    this.state = { curve, counts, seconds };
    return curve;
  }
}

/**
 * Share of the pixels by which two histograms differ.
 *
 * @param {Int32Array} first
 * @param {Int32Array} second
 */
function distance(first, second) {
  let [different, all] = [0, 0];
  for (let i = 0; i < 256; i += 1) {
    different += Math.abs(first[i] - second[i]) / 2;
    all += second[i];
  }
  return different / all;
}

/**
 * @param {Int32Array} counts 256
 * @param {number} size number of pixels
 * @param {boolean} fullRange
 */
function curveOf(counts, size, fullRange) {
  const [black, white] = fullRange ? [0, 255] : [16, 235];
  const span = white - black;
  const wanted = new Float64Array(span + 1);
  let below = 0;
  for (let level = 0; level < black; level += 1) below += counts[level];
  for (let i = 0; i <= span; i += 1) {
    let count = counts[black + i] + (i === 0 ? below : 0);
    if (i === span) for (let level = white + 1; level < 256; level += 1) count += counts[level];
    if (i === 0) below = 0;
    const share = (below + count / 2) / size;
    below += count;
    wanted[i] = i + NORMALIZATION * ((typical(share) / 255) * span - i);
  }
  const slopes = Float64Array.from({ length: span }, (_, i) =>
    Math.min(SLOPE_LIMITS[1], Math.max(SLOPE_LIMITS[0], wanted[i + 1] - wanted[i])));
  return accumulated(smoothed(slopes), black, span);
}

/** @param {number} share 0..1 */
function typical(share) {
  const last = TYPICAL_QUANTILES.length - 1;
  const place = Math.min(1, Math.max(0, share)) * last;
  const first = Math.min(last - 1, Math.floor(place));
  return TYPICAL_QUANTILES[first] + (place - first) * (TYPICAL_QUANTILES[first + 1] - TYPICAL_QUANTILES[first]);
}

/** @param {Float64Array} slopes */
function smoothed(slopes) {
  const reach = SMOOTHING_LEVELS >> 1;
  return slopes.map((_, i) => {
    let sum = 0;
    for (let k = -reach; k <= reach; k += 1) sum += slopes[Math.min(slopes.length - 1, Math.max(0, i + k))];
    return sum / SMOOTHING_LEVELS;
  });
}

/**
 * @param {Float64Array} slopes
 * @param {number} black
 * @param {number} span
 */
function accumulated(slopes, black, span) {
  const rest = (span - slopes.reduce((a, b) => a + b)) / span;
  const curve = Float32Array.from({ length: 256 }, (_, level) => level);
  let sum = 0;
  for (let i = 0; i < span; i += 1) {
    sum += slopes[i] + rest;
    curve[black + 1 + i] = black + sum;
  }
  return curve;
}

// Numbers as text: sizes in bytes, durations, percentages, picture sizes.

import { t } from "./strings.js";

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/**
 * Size in bytes, as "1.2 MB".
 *
 * @param {number} bytes
 */
export function bytesText(bytes) {
  let unit = 0;
  while (bytes >= 999.5 && unit < UNITS.length - 1) {
    bytes /= 1000;
    unit += 1;
  }
  return `${unit && bytes < 9.95 ? bytes.toFixed(1) : Math.round(bytes)} ${UNITS[unit]}`;
}

/**
 * Duration in words, as "2 min 5 s".
 *
 * @param {number} seconds
 */
export function durationText(seconds) {
  const whole = Math.max(0, seconds < 9.95 ? Math.round(seconds * 10) / 10 : Math.round(seconds));
  if (whole < 60) return t("time.seconds", { seconds: whole });
  if (whole < 3600) {
    return t("time.minutes", { minutes: Math.floor(whole / 60), seconds: Math.floor(whole % 60) });
  }
  const hours = Math.floor(whole / 3600);
  return t("time.hours", { hours, minutes: Math.floor((whole % 3600) / 60) });
}

/**
 * Rest of a duration: whole seconds, so that it does not flicker.
 *
 * @param {number} seconds
 */
export function leftText(seconds) {
  return durationText(Math.max(1, Math.ceil(seconds < 60 ? seconds : seconds / 5) * (seconds < 60 ? 1 : 5)));
}

/**
 * Position in a video, as "1:05".
 *
 * @param {number} seconds
 */
export function clockText(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60];
  if (whole >= 3600) parts.unshift(Math.floor(whole / 3600));
  return parts.map((part, i) => (i ? String(part).padStart(2, "0") : String(part))).join(":");
}

/**
 * Seconds in a time such as "12.5", "1:02" or "1:00:02".
 *
 * @param {string} text
 * @returns {number | null} null if it is none
 */
export function secondsOf(text) {
  if (!/^\d+(:\d{1,2}){0,2}(\.\d+)?$/.test(text.trim())) return null;
  return text.trim().split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/**
 * Share as "32 %".
 *
 * @param {number} share 0 to 1
 */
export function percentText(share) {
  return `${Math.floor(share * 100)} %`;
}

/**
 * Picture size as "640 × 360".
 *
 * @param {number} width
 * @param {number} height
 */
export function sizeText(width, height) {
  return `${width} × ${height}`;
}

/**
 * Name of a file without its ending.
 *
 * @param {string} name
 */
export function stemOf(name) {
  return name.replace(/\.[^.]+$/, "") || name;
}

// JPEG codec of the live socket: each picture by itself, in all browsers.

const QUALITY = 0.85; // of the JPEGs that are sent

/** @import { CodecEvents } from "./types.js" */

/** Encoder of camera pictures and decoder of paintings. */
export class JpegCodec {
  name = "jpeg";
  queued = 0; // pictures in the encoder

  /** @param {CodecEvents} events */
  constructor(events) {
    this.events = events;
  }

  /** @param {HTMLCanvasElement | OffscreenCanvas} picture */
  async encode(picture) {
    this.queued += 1;
    const content = await jpegOf(picture);
    this.queued -= 1;
    if (content) this.events.encoded(content);
  }

  /**
   * @param {number} number of the frame
   * @param {ArrayBuffer} content
   */
  async decode(number, content) {
    const painting = await createImageBitmap(new Blob([content], { type: "image/jpeg" })).catch(() => null);
    if (painting) this.events.decoded(number, painting);
  }

  requestKeyframe() {} // each picture is one

  close() {}
}

/**
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @returns {Promise<Blob | null>}
 */
function jpegOf(canvas) {
  if (canvas instanceof HTMLCanvasElement) {
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }
  return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}

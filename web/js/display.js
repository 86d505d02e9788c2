// Display: the worker that shows paintings on the page's canvas.

import { answering } from "./answers.js";

/** @type {OffscreenCanvas} */
let canvas;
/** @type {OffscreenCanvasRenderingContext2D} */
let context;

/** Answer to a request. */
export const receive = answering({
  /** @param {{canvas: OffscreenCanvas}} request */
  async canvas(request) {
    canvas = request.canvas;
    context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
  },

  /** @param {{image: VideoFrame | ImageBitmap, width: number, height: number, mirrored: boolean}} request */
  async show({ image, width, height, mirrored }) {
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? width : 0, 0);
    context.drawImage(image, 0, 0);
    image.close();
  },

  /** The canvas as a file. */
  async snapshot() {
    return { blob: await canvas.convertToBlob({ type: "image/png" }) };
  },
});

// Painter's client: the page's side of the worker that paints.

/** @import { Settings } from "./painter.js" */

/** Worker that paints; each request is answered in turn. */
export class PainterClient {
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  waiting = new Map();
  count = 0;

  /** @param {HTMLCanvasElement} canvas on which frames are painted */
  constructor(canvas) {
    this.worker = new Worker(new URL("./worker.js", import.meta.url));
    this.worker.addEventListener("message", ({ data: { id, answer, error } }) => {
      const request = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) request?.resolve(answer);
      else request?.reject(new Error(error));
    });
    this.worker.addEventListener("error", (event) => this.fail(event.message));
    const target = canvas.transferControlToOffscreen();
    this.ready = this.request("canvas", { canvas: target }, [target]);
  }

  /**
   * Paint a frame onto the canvas.
   *
   * @param {VideoFrame | ImageBitmap} frame is handed over
   * @param {number} seconds presentation time
   * @param {Settings} settings
   * @returns {Promise<{ms: number, width: number, height: number}>}
   */
  frame(frame, seconds, settings) {
    return this.request("frame", { frame, seconds, settings }, [frame]);
  }

  /**
   * Paint a photo.
   *
   * @param {ImageBitmap} bitmap is handed over
   * @param {Settings} settings
   * @returns {Promise<{blob: Blob}>} PNG
   */
  photo(bitmap, settings) {
    return this.request("photo", { bitmap, settings }, [bitmap]);
  }

  /** @returns {Promise<{blob: Blob}>} the canvas as PNG */
  snapshot() {
    return this.request("snapshot", {}, []);
  }

  /**
   * @param {string} kind
   * @param {object} content
   * @param {Transferable[]} handed
   * @returns {Promise<any>}
   */
  request(kind, content, handed) {
    const id = ++this.count;
    this.worker.postMessage({ kind, id, ...content }, handed);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  /** @param {string} text */
  fail(text) {
    for (const { reject } of this.waiting.values()) reject(new Error(text));
    this.waiting.clear();
  }
}

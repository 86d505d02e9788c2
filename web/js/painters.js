// Painters: the page's side of the workers; two paint frames in turn, one shows them.

/** @import { ExposureState } from "./exposure.js" */
/** @import { Settings } from "./painter.js" */

const MOST = 2; // frames that are painted at once, each on one thread

/** Worker that answers requests. */
class WorkerClient {
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  waiting = new Map();
  count = 0;

  /** @param {string} name of its module */
  constructor(name) {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { name });
    this.worker.addEventListener("message", ({ data: { id, answer, error } }) => {
      const request = this.waiting.get(id);
      this.waiting.delete(id);
      if (error === undefined) request?.resolve(answer);
      else request?.reject(new Error(error));
    });
    this.worker.addEventListener("error", ({ message }) => {
      for (const { reject } of this.waiting.values()) reject(new Error(message));
      this.waiting.clear();
    });
  }

  /**
   * @param {string} kind
   * @param {object} content
   * @param {Transferable[]} [transfer]
   * @returns {Promise<any>}
   */
  request(kind, content, transfer = []) {
    const id = ++this.count;
    this.worker.postMessage({ kind, id, ...content }, transfer);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }
}

/** The workers. The second painter starts when the first has painted, so that it is ready sooner. */
export class Painters {
  first = new WorkerClient("painter");
  display = new WorkerClient("display");
  idle = [this.first];
  started = 1;
  shown = 0; // time of the frame that is shown
  /** @type {ExposureState | null} */
  exposure = null;

  /** @param {HTMLCanvasElement} canvas on which frames are shown */
  constructor(canvas) {
    const target = canvas.transferControlToOffscreen();
    this.ready = this.display.request("canvas", { canvas: target }, [target]);
  }

  /**
   * Paint a frame and show it, unless a later one is shown already; `idle` must not be empty.
   *
   * @param {VideoFrame | Promise<ImageBitmap>} frame is handed over
   * @param {number} seconds presentation time
   * @param {Settings} settings
   * @param {boolean} mirrored how it is shown
   * @returns {Promise<{ms: number, width: number, height: number}>}
   */
  async frame(frame, seconds, settings, mirrored) {
    const painter = /** @type {WorkerClient} */ (this.idle.pop());
    try {
      const taken = await frame;
      const request = { frame: taken, seconds, settings, exposure: this.exposure };
      const { image, exposure, ...facts } = await painter.request("frame", request, [taken]);
      await this.show(image, seconds, exposure, { ...facts, mirrored });
      return facts;
    } finally {
      this.idle.push(painter);
      if (this.started < Math.min(MOST, navigator.hardwareConcurrency)) {
        this.started += 1;
        this.idle.push(new WorkerClient("painter"));
      }
    }
  }

  /**
   * @param {VideoFrame | ImageBitmap} image
   * @param {number} seconds
   * @param {ExposureState} exposure
   * @param {object} facts
   */
  async show(image, seconds, exposure, facts) {
    if (seconds < this.shown) return image.close();
    this.shown = seconds;
    this.exposure = exposure;
    return this.display.request("show", { image, ...facts }, [image]);
  }

  /**
   * Paint a photo.
   *
   * @param {ImageBitmap} bitmap is handed over
   * @param {Settings} settings
   * @returns {Promise<{blob: Blob}>} PNG
   */
  photo(bitmap, settings) {
    return this.first.request("photo", { bitmap, settings }, [bitmap]);
  }

  /** @returns {Promise<{blob: Blob}>} the canvas as PNG */
  snapshot() {
    return this.display.request("snapshot", {});
  }
}

// Live socket: camera pictures to the server and paintings back, two under way at a time.

import { liveUrl } from "./api.js";
import { t } from "./strings.js";

const NUMBER_BYTES = 4;
const QUALITY = 0.85; // of the JPEGs that are sent
const NORMAL_CLOSE = 1000;

/**
 * Connection to the live filter.
 *
 * Sends "painting" with an ImageBitmap in `detail`, "status" and "settings" with the server's
 * message, "problem" with a sentence, and "end" with a sentence when the connection is lost.
 */
export class LiveSocket extends EventTarget {
  /** @type {Set<number>} */
  underway = new Set();
  limit = 0; // until the server is ready
  number = 0;
  shown = -1;
  encoding = false;

  /**
   * @param {Record<string, string | number | boolean>} settings
   * @param {() => HTMLCanvasElement | OffscreenCanvas | null} capture the newest picture, if it was
   *   not sent yet
   */
  constructor(settings, capture) {
    super();
    this.capture = capture;
    this.socket = new WebSocket(liveUrl(settings));
    this.socket.binaryType = "blob";
    this.socket.addEventListener("message", ({ data }) => {
      if (data instanceof Blob) this.receive(data);
      else this.hear(JSON.parse(data));
    });
    this.socket.addEventListener("close", ({ code, reason }) => {
      if (code !== NORMAL_CLOSE) this.tell("end", reason || t("live.lost"));
    });
  }

  /** Send the newest picture if fewer than the limit are unanswered. */
  async offer() {
    if (this.encoding || this.underway.size >= this.limit || this.socket.readyState !== WebSocket.OPEN) return;
    const picture = this.capture();
    if (!picture) return;
    this.encoding = true;
    const content = await jpegOf(picture);
    this.encoding = false;
    if (!content || this.socket.readyState !== WebSocket.OPEN) return;
    this.number += 1;
    this.underway.add(this.number);
    const head = new DataView(new ArrayBuffer(NUMBER_BYTES));
    head.setUint32(0, this.number);
    this.socket.send(new Blob([head, content]));
    this.offer();
  }

  /** @param {Record<string, string | number | boolean>} settings */
  set(settings) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(settings));
  }

  close() {
    this.socket.close(NORMAL_CLOSE);
  }

  /** @param {Blob} data number and JPEG */
  async receive(data) {
    const [head, painting] = await Promise.all([
      data.slice(0, NUMBER_BYTES).arrayBuffer(),
      createImageBitmap(data.slice(NUMBER_BYTES, data.size, "image/jpeg")).catch(() => null),
    ]);
    const number = new DataView(head).getUint32(0);
    this.underway.delete(number);
    this.offer();
    if (!painting) return;
    if (number > this.shown) {
      this.shown = number;
      this.tell("painting", painting);
    } else painting.close();
  }

  /** @param {any} message of the server */
  hear(message) {
    if (message.type === "ready") {
      this.limit = message.in_flight;
      this.tell("status", message);
      this.offer();
      return;
    }
    if (message.type === "error") this.tell("problem", message.detail);
    else if (message.type !== "dropped") this.tell(message.type, message);
    this.underway.delete(message.frame); // answered, though without a painting
    this.offer();
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
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

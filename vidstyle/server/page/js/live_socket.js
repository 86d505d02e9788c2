// Live socket: camera pictures to the server and paintings back, two under way at a time.

import { liveUrl } from "./api.js";
import { JpegCodec } from "./jpeg_codec.js";
import { t } from "./strings.js";
import { H264Codec } from "./webcodecs.js";

const NUMBER_BYTES = 4;
const NORMAL_CLOSE = 1000;

/**
 * Connection to the live filter.
 *
 * Sends "painting" with an ImageBitmap or VideoFrame in `detail`, "status" and "settings" with the
 * server's message, "problem" with a sentence, "end" with a sentence when the connection is lost,
 * and "fallback" when the codec fails, so that another socket has to use JPEG.
 */
export class LiveSocket extends EventTarget {
  /** @type {Set<number>} */
  underway = new Set();
  limit = 0; // until the server is ready
  number = 0;
  shown = -1;
  /** @type {JpegCodec | H264Codec | null} */
  codec = null; // until the server is ready

  /**
   * @param {Record<string, string | number | boolean>} settings with the codec to ask for
   * @param {() => HTMLCanvasElement | OffscreenCanvas | null} capture the newest picture, if it was
   *   not sent yet
   */
  constructor(settings, capture) {
    super();
    this.capture = capture;
    this.socket = new WebSocket(liveUrl(settings));
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("message", ({ data }) => {
      if (data instanceof ArrayBuffer) this.receive(data);
      else this.hear(JSON.parse(data));
    });
    this.socket.addEventListener("close", ({ code, reason }) => {
      this.codec?.close();
      if (code !== NORMAL_CLOSE) this.tell("end", reason || t("live.lost"));
    });
  }

  /** Encode the newest picture if fewer than the limit are unanswered. */
  offer() {
    if (!this.codec || !this.open || this.underway.size + this.codec.queued >= this.limit) return;
    const picture = this.capture();
    if (picture) this.codec.encode(picture);
  }

  get open() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** @param {Blob | Uint8Array<ArrayBuffer>} content of the newest picture */
  send(content) {
    if (!this.open) return;
    this.number += 1;
    this.underway.add(this.number);
    const head = new DataView(new ArrayBuffer(NUMBER_BYTES));
    head.setUint32(0, this.number);
    this.socket.send(new Blob([head, content]));
    this.offer();
  }

  /** @param {Record<string, string | number | boolean>} settings */
  set(settings) {
    if (this.open) this.socket.send(JSON.stringify(settings));
  }

  close() {
    this.codec?.close();
    this.socket.close(NORMAL_CLOSE);
  }

  /** @param {ArrayBuffer} data number and painting */
  receive(data) {
    const number = new DataView(data).getUint32(0);
    this.underway.delete(number);
    this.codec?.decode(number, data.slice(NUMBER_BYTES));
    this.offer();
  }

  /**
   * @param {number} number of the frame
   * @param {ImageBitmap | VideoFrame} painting
   */
  show(number, painting) {
    if (number > this.shown) {
      this.shown = number;
      this.tell("painting", painting);
    } else painting.close();
  }

  /** @param {any} message of the server */
  hear(message) {
    if (message.type === "ready") {
      this.begin(message);
      return;
    }
    if (message.type === "error") this.tell("problem", message.detail);
    else if (message.type === "keyframe") this.codec?.requestKeyframe();
    else if (message.type !== "dropped") this.tell(message.type, message);
    this.underway.delete(message.frame); // answered, though without a painting
    this.offer();
  }

  /** @param {any} message of the server that it is ready */
  begin(message) {
    const events = {
      encoded: this.send.bind(this), decoded: this.show.bind(this), keyframeNeeded: () => this.set({ keyframe: true }),
      failed: () => this.tell("fallback", null),
    };
    this.codec = message.codec === "h264" ? new H264Codec(events) : new JpegCodec(events);
    this.limit = message.in_flight;
    this.tell("status", message);
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

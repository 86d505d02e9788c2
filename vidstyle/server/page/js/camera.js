// Camera: the browser's webcam as a source of pictures at the size that is sent.

import { t } from "./strings.js";

const FPS = 30;
/** @type {Record<string, string>} */
const MESSAGES = {
  NotAllowedError: "live.denied",
  SecurityError: "live.denied",
  NotFoundError: "live.missing",
  OverconstrainedError: "live.missing",
  NotReadableError: "live.busy",
  AbortError: "live.busy",
};

/** Open camera; sends "picture" for each new picture and "lost" when the camera is gone. */
export class Camera extends EventTarget {
  mirrored = true;
  fresh = false;
  open = true;

  /**
   * @param {MediaStream} stream
   * @param {HTMLVideoElement} video plays the stream
   * @param {number} height of the pictures at most
   */
  constructor(stream, video, height) {
    super();
    this.stream = stream;
    this.video = video;
    const scale = Math.min(1, height / video.videoHeight);
    this.canvas = new OffscreenCanvas(even(video.videoWidth * scale), even(video.videoHeight * scale));
    this.context = /** @type {OffscreenCanvasRenderingContext2D} */ (this.canvas.getContext("2d", { alpha: false }));
    stream.getVideoTracks()[0].addEventListener("ended", () => this.open && this.dispatchEvent(new Event("lost")));
    this.watch();
  }

  /**
   * Open a camera.
   *
   * @param {HTMLVideoElement} video
   * @param {string} device id; empty for the standard one
   * @param {number} height of the pictures
   * @returns {Promise<Camera>}
   * @throws {Error} a sentence that says what to do
   */
  static async open(video, device, height) {
    if (!navigator.mediaDevices) throw new Error(t("live.insecure"));
    const size = { width: { ideal: Math.round((height * 16) / 9) }, height: { ideal: height }, frameRate: { ideal: FPS } };
    const chosen = device ? { deviceId: { exact: device } } : { facingMode: "user" };
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: { ...size, ...chosen } });
      video.srcObject = stream;
      await video.play();
      return new Camera(stream, video, height);
    } catch (error) {
      throw new Error(t(MESSAGES[/** @type {DOMException} */ (error).name] ?? "live.busy"), { cause: error });
    }
  }

  /** The newest picture on the canvas; null if it was taken already. */
  take() {
    if (!this.fresh || !this.open) return null;
    this.fresh = false;
    const { width, height } = this.canvas;
    this.context.setTransform(this.mirrored ? -1 : 1, 0, 0, 1, this.mirrored ? width : 0, 0);
    this.context.drawImage(this.video, 0, 0, width, height);
    return this.canvas;
  }

  close() {
    this.open = false;
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }

  watch() {
    this.video.requestVideoFrameCallback(() => {
      if (!this.open) return;
      this.fresh = true;
      this.dispatchEvent(new Event("picture"));
      this.watch();
    });
  }
}

/** @param {number} side */
function even(side) {
  return Math.round(side / 2) * 2;
}

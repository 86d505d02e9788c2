// Live section: the camera as a painting, with style change, snapshot and recording.

import { Camera } from "./camera.js";
import { byId, el, save, setText, setVariable } from "./dom.js";
import { clockText, percentText } from "./format.js";
import { LiveSocket } from "./live_socket.js";
import { announce, notify, notifyError } from "./notices.js";
import { Recorder } from "./recorder.js";
import { router } from "./router.js";
import { t } from "./strings.js";
import { hasH264 } from "./webcodecs.js";

/** @import { StyleShelf } from "./gallery.js" */

const RATE_MS = 1000; // between measurements of the frame rate

/** The section's camera, connection and controls. */
export class Live {
  /** @type {Camera | null} */
  camera = null;
  /** @type {LiveSocket | null} */
  socket = null;
  /** @type {Recorder | null} */
  recorder = null;
  painted = 0; // pictures since the last measurement
  /** @type {any} the server's last message of its state */
  status = {};

  /** @param {StyleShelf} shelf */
  constructor(shelf) {
    this.shelf = shelf;
    this.canvas = byId("live-canvas");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.video = byId("live-video");
    byId("live-start").addEventListener("click", () => this.start());
    byId("live-stop").addEventListener("click", () => this.stop());
    byId("live-camera").addEventListener("change", () => this.restart());
    byId("live-size").addEventListener("change", () => this.restart());
    byId("live-mirror").addEventListener("change", () => this.mirror());
    byId("live-original").addEventListener("change", () => this.showOriginal());
    byId("live-colors").addEventListener("change", () => this.socket?.set({ keep_colors: byId("live-colors").checked }));
    byId("live-only").addEventListener("change", () => this.socket?.set({ only: this.settings.only }));
    byId("live-strength").addEventListener("input", () => this.setStrength());
    byId("live-snapshot").addEventListener("click", () => this.snapshot());
    byId("live-record").addEventListener("click", () => this.toggleRecording().catch(notifyError));
    byId("live-full").addEventListener("click", () => byId("live-stage").requestFullscreen());
    shelf.addEventListener("choice", () => this.socket?.set({ style: shelf.chosen }));
    router.addEventListener("section", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.name !== "live") this.stop();
    });
    setInterval(() => this.measure(), RATE_MS);
    this.setStrength();
  }

  get settings() {
    return {
      style: this.shelf.chosen,
      strength: Number(byId("live-strength").value) / 100,
      keep_colors: byId("live-colors").checked,
      only: byId("live-only").value,
    };
  }

  async start() {
    const button = byId("live-start");
    button.setAttribute("aria-busy", "true");
    try {
      const camera = await Camera.open(this.video, byId("live-camera").value, Number(byId("live-size").value));
      this.use(camera, await hasH264(camera.canvas.width, camera.canvas.height) ? "h264" : "jpeg");
      await this.listCameras(camera);
    } catch (error) {
      notifyError(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /**
   * @param {Camera} camera
   * @param {string} codec
   */
  use(camera, codec) {
    this.camera = camera;
    this.connect(camera, codec);
    this.mirror();
    this.canvas.width = camera.canvas.width;
    this.canvas.height = camera.canvas.height;
    setVariable(byId("live-stage"), "ratio", camera.canvas.width / camera.canvas.height);
    camera.addEventListener("picture", () => this.socket?.offer());
    camera.addEventListener("lost", () => this.end(t("live.camera.lost")));
    this.showRunning(true);
    byId("live-stop").focus();
    announce(t("live.started"));
  }

  /**
   * @param {Camera} camera
   * @param {string} codec
   */
  connect(camera, codec) {
    const socket = new LiveSocket({ ...this.settings, codec }, () => camera.take());
    this.socket = socket;
    socket.addEventListener("painting", (event) => this.draw(/** @type {CustomEvent} */ (event).detail));
    socket.addEventListener("status", (event) => { this.status = /** @type {CustomEvent} */ (event).detail; });
    socket.addEventListener("problem", (event) => notify(/** @type {CustomEvent} */ (event).detail, "error"));
    socket.addEventListener("end", (event) => this.end(/** @type {CustomEvent} */ (event).detail));
    socket.addEventListener("fallback", () => {
      socket.close();
      if (socket === this.socket) this.connect(camera, "jpeg");
    });
  }

  /** @param {ImageBitmap | VideoFrame} painting */
  draw(painting) {
    this.context.drawImage(painting, 0, 0, this.canvas.width, this.canvas.height);
    painting.close();
    this.painted += 1;
  }

  /** @param {string} text why it ended */
  end(text) {
    this.stop();
    notify(text, "error");
  }

  stop() {
    if (!this.camera) return;
    if (this.recorder) this.toggleRecording().catch(notifyError);
    this.socket?.close();
    this.camera.close();
    this.camera = this.socket = null;
    this.showRunning(false);
    announce(t("live.stopped"));
  }

  async restart() {
    if (!this.camera) return;
    this.stop();
    await this.start();
  }

  /** @param {boolean} running */
  showRunning(running) {
    byId("live").classList.toggle("running", running);
    for (const node of document.querySelectorAll("[data-live-running]")) node.toggleAttribute("hidden", !running);
    byId("live-welcome").hidden = running;
    if (!running && byId("live").contains(document.activeElement)) byId("live-start").focus();
  }

  /** @param {Camera} camera that is open: only then browsers tell the names of all */
  async listCameras(camera) {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
    const list = byId("live-camera");
    list.replaceChildren(...cameras.map(({ deviceId, label }) =>
      el("option", { value: deviceId }, label || t("live.camera.default"))));
    const present = camera.stream.getVideoTracks()[0].getSettings().deviceId;
    if (present) list.value = present;
  }

  mirror() {
    const mirrored = byId("live-mirror").checked;
    if (this.camera) this.camera.mirrored = mirrored;
    this.video.classList.toggle("mirrored", mirrored);
  }

  showOriginal() {
    byId("live-stage").classList.toggle("original", byId("live-original").checked);
  }

  setStrength() {
    const strength = Number(byId("live-strength").value) / 100;
    setText(byId("live-strength-value"), percentText(strength));
    this.socket?.set({ strength });
  }

  snapshot() {
    this.canvas.toBlob((/** @type {Blob} */ picture) => this.keep(picture, "png"), "image/png");
  }

  async toggleRecording() {
    const button = byId("live-record");
    if (this.recorder) {
      const { recorder } = this;
      this.recorder = null;
      setText(byId("live-record-text"), t("live.record"));
      button.classList.remove("recording");
      this.keep(await recorder.stop(), recorder.ending);
      return;
    }
    const sound = byId("live-sound").checked ? await microphone() : null;
    this.recorder = new Recorder(this.canvas, sound);
    button.classList.add("recording");
    setText(byId("live-record-text"), t("live.record.stop"));
  }

  /**
   * @param {Blob} content
   * @param {string} ending
   */
  keep(content, ending) {
    const moment = new Date().toISOString().slice(0, 19).replaceAll(":", "-").replace("T", "-");
    const name = `vidstyle-${this.shelf.chosen}-${moment}.${ending}`;
    save(content, name);
    notify(t("live.saved", { name }));
  }

  measure() {
    if (!this.camera) return;
    const { ms, viewers } = this.status;
    setText(byId("live-fps"), t("live.fps", { fps: this.painted }));
    this.painted = 0;
    if (ms !== undefined) setText(byId("live-ms"), t("live.ms", { ms: Math.round(ms) }));
    const watching = viewers === 1 ? t("live.viewers.one") : t("live.viewers", { count: viewers ?? 1 });
    setText(byId("live-viewers"), watching);
    setText(byId("live-time"), this.recorder ? t("live.seconds", { time: clockText(this.recorder.seconds) }) : "");
  }
}

/** @returns {Promise<MediaStreamTrack | null>} */
async function microphone() {
  try {
    return (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];
  } catch {
    notify(t("live.no.microphone"), "error");
    return null;
  }
}

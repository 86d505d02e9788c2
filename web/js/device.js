// Device: camera, video and photo as paintings, made by this device; styles, settings and results.

import { Camera } from "./camera.js";
import { CompareSlider } from "./compare_slider.js";
import { byId, el, save, setText, setVariable } from "./dom.js";
import { mediaAmong, onChoose, onDrop } from "./files.js";
import { clockText, percentText, sizeText, stemOf } from "./format.js";
import { originOf } from "./gallery.js";
import { announce, notify, notifyError } from "./notices.js";
import { Painters } from "./painters.js";
import { Recorder } from "./recorder.js";
import { t } from "./strings.js";

/** @import { StyleShelf } from "./gallery.js" */

const RATE_MS = 1000; // between measurements of the frame rate
const LARGEST_PHOTO = 16e6; // pixels; phones allow no larger canvas
const JPEG_QUALITY = 0.92;

/** The page's source, painter and controls. */
export class Device {
  /** @type {"" | "camera" | "video" | "photo"} */
  kind = "";
  /** @type {Camera | null} */
  camera = null;
  /** @type {Recorder | null} */
  recorder = null;
  /** @type {ImageBitmap | null} */
  photo = null;
  name = ""; // of the file that is open
  fresh = false; // the video shows a frame that was not painted with these settings
  painted = 0; // frames since the last measurement
  ms = 0; // of the last frame
  /** @type {Blob | null} */
  painting = null;

  /** @param {StyleShelf} shelf */
  constructor(shelf) {
    this.shelf = shelf;
    this.canvas = byId("canvas");
    this.video = byId("video");
    this.painters = new Painters(this.canvas);
    this.slider = new CompareSlider();
    this.slider.element.hidden = true;
    byId("stage").append(this.slider.element);
    this.connectSources();
    this.connectResults();
    this.connectSettings();
    setInterval(() => this.measure(), RATE_MS);
    this.showKind("");
  }

  connectSources() {
    const open = (/** @type {File[]} */ files) => this.open(files).catch(notifyError);
    byId("start").addEventListener("click", () => this.startCamera());
    onChoose(byId("open"), byId("file-input"), open);
    byId("open-other").addEventListener("click", () => byId("file-input").click());
    onDrop(document.body, open);
    addEventListener("paste", (event) => open([...(event.clipboardData?.files ?? [])]));
    byId("stop").addEventListener("click", () => this.close());
    byId("play").addEventListener("click", () => (this.video.paused ? this.video.play() : this.video.pause()));
    for (const name of ["play", "pause"]) this.video.addEventListener(name, () => this.showPlaying());
    for (const name of ["seeked", "timeupdate"]) this.video.addEventListener(name, () => this.showMoment());
    byId("seek").addEventListener("input", () => { this.video.currentTime = Number(byId("seek").value); });
    this.video.addEventListener("ended", () => this.recorder && this.toggleRecording().catch(notifyError));
  }

  connectResults() {
    byId("snapshot").addEventListener("click", () => this.snapshot().catch(notifyError));
    byId("record").addEventListener("click", () => this.toggleRecording().catch(notifyError));
    byId("full").addEventListener("click", () => byId("stage").requestFullscreen());
    byId("save-png").addEventListener("click", () => this.painting && this.keep(this.painting, "png"));
    byId("save-jpeg").addEventListener("click", () => this.saveJpeg().catch(notifyError));
  }

  connectSettings() {
    byId("strength").addEventListener("input", () => this.showStrength());
    byId("strength").addEventListener("change", () => this.repaint());
    byId("colors").addEventListener("change", () => this.repaint());
    byId("strokes").addEventListener("change", () => this.repaint());
    byId("mirror").addEventListener("change", () => this.mirror());
    byId("original").addEventListener("change", () => this.showOriginal());
    byId("camera").addEventListener("change", () => this.startCamera());
    byId("height").addEventListener("change", () => this.camera && this.startCamera());
    this.shelf.addEventListener("choice", () => {
      this.showStyle();
      this.repaint();
    });
    this.showStrength();
  }

  /** @returns {import("./painter.js").Settings} */
  get settings() {
    return {
      style: /** @type {any} */ (this.shelf.find(this.shelf.chosen)),
      look: { strength: Number(byId("strength").value) / 100, keepColors: byId("colors").checked },
      lines: Number(byId("strokes").querySelector("input:checked").value),
    };
  }

  get mirrored() {
    return this.kind === "camera" && byId("mirror").checked;
  }

  // Sources

  async startCamera() {
    const button = byId("start");
    button.setAttribute("aria-busy", "true");
    this.close();
    try {
      const camera = await Camera.open(this.video, byId("camera").value, Number(byId("height").value));
      this.camera = camera;
      camera.addEventListener("picture", () => this.offer());
      camera.addEventListener("lost", () => {
        this.close();
        notify(t("live.camera.lost"), "error");
      });
      this.showKind("camera");
      this.mirror();
      await this.listCameras(camera);
      byId("stop").focus();
      announce(t("live.started"));
    } catch (error) {
      notifyError(error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /** @param {Camera} camera that is open: only then browsers tell the names of all */
  async listCameras(camera) {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const cameras = devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
    byId("camera").replaceChildren(...cameras.map(({ deviceId, label }) =>
      el("option", { value: deviceId }, label || t("live.camera.default"))));
    const present = camera.stream.getVideoTracks()[0].getSettings().deviceId;
    if (present) byId("camera").value = present;
  }

  /** @param {File[]} files the first photo or video is opened */
  async open(files) {
    const [file] = mediaAmong(files);
    if (!file) return;
    this.close();
    this.name = file.name;
    try {
      if (file.type.startsWith("video/")) await this.openVideo(file);
      else await this.openPhoto(file);
    } catch (error) {
      this.close();
      throw new Error(t("device.unreadable", { name: file.name }), { cause: error });
    }
  }

  /** @param {File} file */
  async openVideo(file) {
    const { video } = this;
    video.src = URL.createObjectURL(file);
    video.muted = false;
    video.loop = true;
    await new Promise((resolve, reject) => {
      video.addEventListener("loadeddata", resolve, { once: true });
      video.addEventListener("error", () => reject(video.error), { once: true });
    });
    this.showKind("video");
    byId("seek").max = String(video.duration);
    this.watch();
    await video.play().catch(() => undefined); // some browsers ask for a click first
    byId("play").focus();
    announce(t("device.video", { name: this.name }));
  }

  /** Offer each frame that the video shows, until it is closed. */
  watch() {
    const source = this.video.src;
    this.video.requestVideoFrameCallback(() => {
      if (this.kind !== "video" || this.video.src !== source) return;
      this.offer();
      this.watch();
    });
  }

  /** @param {File} file */
  async openPhoto(file) {
    let bitmap = await createImageBitmap(file);
    const share = Math.sqrt(LARGEST_PHOTO / (bitmap.width * bitmap.height));
    if (share < 1) {
      const width = Math.floor(bitmap.width * share);
      bitmap = await createImageBitmap(file, { resizeWidth: width, resizeQuality: "high" });
      notify(t("device.reduced", { name: file.name, size: sizeText(bitmap.width, bitmap.height) }));
    }
    this.photo = bitmap;
    this.showKind("photo");
    this.setSize(bitmap.width, bitmap.height);
    this.slider.show(URL.createObjectURL(file), null, bitmap.width, bitmap.height);
    await this.paintPhoto();
    byId("save-png").focus();
    announce(t("device.photo", { name: this.name }));
  }

  close() {
    if (this.recorder) this.toggleRecording().catch(notifyError);
    this.camera?.close();
    this.camera = null;
    this.photo?.close();
    this.photo = this.painting = null;
    if (this.video.src) {
      URL.revokeObjectURL(this.video.src);
      this.video.removeAttribute("src");
      this.video.load();
    }
    const before = this.kind;
    this.showKind("");
    if (before) byId("start").focus();
    if (before === "camera") announce(t("live.stopped"));
  }

  // Painting

  /** The video shows a new frame: paint it, or as soon as a painter is idle. */
  offer() {
    this.fresh = true;
    this.paintNext();
  }

  async paintNext() {
    if (!this.fresh || !this.painters.idle.length || this.video.readyState < 2) return;
    this.fresh = false;
    try {
      const seconds = performance.now() / 1000;
      const frame = frameOf(this.video, seconds);
      const { ms, width, height } = await this.painters.frame(frame, seconds, this.settings, this.mirrored);
      this.ms = ms;
      this.painted += 1;
      this.setSize(width, height);
    } catch (error) {
      this.complain(error);
    }
    this.paintNext();
  }

  async paintPhoto() {
    const { photo, settings } = this;
    if (!photo) return;
    byId("stage").setAttribute("aria-busy", "true");
    try {
      const { blob } = await this.painters.photo(await createImageBitmap(photo), settings);
      if (photo !== this.photo || JSON.stringify(settings) !== JSON.stringify(this.settings)) return;
      this.painting = blob;
      this.showPainting(blob);
    } catch (error) {
      this.complain(error);
    } finally {
      byId("stage").removeAttribute("aria-busy");
    }
  }

  /** @param {Blob} blob */
  showPainting(blob) {
    const old = this.slider.after.getAttribute("src");
    this.slider.setAfter(URL.createObjectURL(blob));
    if (old) URL.revokeObjectURL(old);
  }

  /** @param {unknown} error */
  complain(error) {
    const detail = error instanceof Error ? error.message : String(error);
    notify(t("device.style.failed", { detail }), "error");
  }

  /** Paint a photo or a paused video again, with other settings. */
  repaint() {
    if (this.kind === "photo") this.paintPhoto();
    else if (this.kind) this.offer();
  }

  // Results

  async snapshot() {
    const { stem } = this;
    this.keep((await this.painters.snapshot()).blob, "png", stem);
  }

  async saveJpeg() {
    if (!this.painting) return;
    const bitmap = await createImageBitmap(this.painting);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    this.keep(await canvas.convertToBlob({ type: "image/jpeg", quality: JPEG_QUALITY }), "jpg");
  }

  async toggleRecording() {
    const { recorder, stem } = this;
    if (recorder) {
      this.recorder = null;
      this.video.loop = true;
      this.showRecording();
      this.keep(await recorder.stop(), recorder.ending, stem);
      return;
    }
    if (this.kind === "video") {
      this.video.loop = false;
      this.video.currentTime = 0;
      await this.video.play();
    }
    this.recorder = new Recorder(this.canvas, await this.soundTrack());
    this.showRecording();
  }

  /** @returns {Promise<MediaStreamTrack | null>} the microphone's or the video's */
  async soundTrack() {
    if (this.kind === "video") return this.video.captureStream?.().getAudioTracks()[0] ?? null;
    if (!byId("sound").checked) return null;
    try {
      return (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];
    } catch {
      notify(t("live.no.microphone"), "error");
      return null;
    }
  }

  /** Name of a result without its ending: of the file, or of the moment. */
  get stem() {
    if (this.name) return `${stemOf(this.name)}.${this.shelf.chosen}`;
    const moment = new Date().toISOString().slice(0, 19).replaceAll(":", "-").replace("T", "-");
    return `vidstyle-${this.shelf.chosen}-${moment}`;
  }

  /**
   * Save a result.
   *
   * @param {Blob} content
   * @param {string} ending
   * @param {string} [stem] of the time when the source was still open
   */
  keep(content, ending, stem = this.stem) {
    const name = `${stem}.${ending}`;
    save(content, name);
    notify(t("live.saved", { name }));
  }

  // What is shown

  /** @param {Device["kind"]} kind */
  showKind(kind) {
    this.kind = kind;
    if (kind === "camera" || kind === "") this.name = "";
    for (const id of ["fps", "ms", "time"]) setText(byId(id), "");
    byId("live").classList.toggle("running", kind !== "");
    byId("stage").dataset.kind = kind;
    byId("welcome").hidden = kind !== "";
    this.slider.element.hidden = kind !== "photo";
    for (const node of document.querySelectorAll("[data-for]")) {
      const wanted = /** @type {HTMLElement} */ (node).dataset.for?.split(" ") ?? [];
      node.toggleAttribute("hidden", !wanted.includes(kind));
    }
    byId("size-row").hidden = kind === "video" || kind === "photo";
    setText(byId("stop-text"), t(kind === "camera" ? "live.stop" : "device.close"));
    this.showRecording();
    this.showOriginal();
  }

  showStyle() {
    const style = this.shelf.find(this.shelf.chosen);
    if (!style) return;
    byId("chosen-picture").src = style.thumbnail;
    setText(byId("chosen-title"), style.title);
    setText(byId("chosen-origin"), originOf(style));
    const variants = this.shelf.variants(style.id);
    byId("variants").hidden = variants.length < 2;
    byId("variant-choices").replaceChildren(...variants.map(({ id, size_class }) => {
      const onchange = () => this.shelf.choose(id);
      const input = el("input", { type: "radio", name: "variant", value: id, checked: id === style.id, onchange });
      return el("label", {}, input, el("span", {}, t(`variant.${size_class}`)));
    }));
  }

  showStrength() {
    setText(byId("strength-value"), percentText(Number(byId("strength").value) / 100));
    if (this.kind === "camera" || this.kind === "video") this.repaint();
  }

  mirror() {
    this.video.classList.toggle("mirrored", this.mirrored);
  }

  showOriginal() {
    byId("stage").classList.toggle("original", this.kind !== "photo" && byId("original").checked);
    this.mirror();
  }

  showRecording() {
    byId("record").classList.toggle("recording", Boolean(this.recorder));
    const film = this.kind === "video";
    const key = this.recorder ? (film ? "device.film.stop" : "live.record.stop") : film ? "device.film" : "live.record";
    setText(byId("record-text"), t(key));
  }

  showPlaying() {
    const playing = !this.video.paused;
    byId("play").setAttribute("aria-label", t(playing ? "device.pause" : "device.play"));
    byId("play-icon").setAttribute("href", playing ? "#i-pause" : "#i-play");
  }

  showMoment() {
    if (this.kind !== "video") return;
    byId("seek").value = String(this.video.currentTime);
    const [now, end] = [this.video.currentTime, this.video.duration].map(clockText);
    setText(byId("moment"), t("device.moment", { now, end }));
    if (this.video.paused) this.offer(); // after a seek
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  setSize(width, height) {
    setVariable(byId("stage"), "ratio", width / height);
    setText(byId("size"), sizeText(width, height));
  }

  measure() {
    if (this.kind !== "camera" && this.kind !== "video") return;
    setText(byId("fps"), t("live.fps", { fps: this.painted }));
    setText(byId("ms"), t("live.ms", { ms: Math.round(this.ms) }));
    setText(byId("time"), this.recorder ? t("live.seconds", { time: clockText(this.recorder.seconds) }) : "");
    this.painted = 0;
  }
}

/**
 * Present frame of a video; a bitmap where the browser has no video frames.
 *
 * @param {HTMLVideoElement} video
 * @param {number} seconds presentation time
 */
function frameOf(video, seconds) {
  return "VideoFrame" in self ? new VideoFrame(video, { timestamp: seconds * 1e6 }) : createImageBitmap(video);
}

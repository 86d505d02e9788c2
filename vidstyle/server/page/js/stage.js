// Stage: large preview of the file at hand, before and after, with the state of its upload.

import { getBlob, stillUrl, stylize } from "./api.js";
import { CompareSlider } from "./compare_slider.js";
import { byId, setText } from "./dom.js";
import { bytesText, clockText, leftText, percentText } from "./format.js";
import { notifyError } from "./notices.js";
import { t } from "./strings.js";

/** @import { Settings } from "./settings.js" */
/** @import { Upload } from "./upload.js" */

const HEIGHT = 720; // of the preview's still, so that the strokes are those of the result
const LOCAL_SIDE = 1280; // px, of the picture that is shown while a video is uploaded

/** Preview; sends "painted" when it is painted with the present settings. */
export class Stage extends EventTarget {
  /** @type {Upload | null} */
  upload = null;
  /** @type {number | null} seconds */
  moment = null;
  /** @type {Blob | null} */
  still = null;
  painting = new AbortController();

  /** @param {Settings} settings */
  constructor(settings) {
    super();
    this.settings = settings;
    this.slider = new CompareSlider();
    byId("stage").prepend(this.slider.element);
    this.update = this.update.bind(this);
    settings.addEventListener("strength", () => this.slider.setStrength(settings.strength));
    settings.addEventListener("change", () => this.paint());
    const range = byId("moment");
    range.addEventListener("input", () => setText(byId("moment-time"), clockText(Number(range.value))));
    range.addEventListener("change", () => {
      this.moment = Number(range.value);
      this.load();
    });
  }

  /**
   * Show a file.
   *
   * @param {Upload | null} upload
   */
  async show(upload) {
    if (upload === this.upload) return;
    this.upload?.removeEventListener("change", this.update);
    this.upload = upload;
    this.moment = null;
    this.still = null;
    this.loaded = false;
    this.painting.abort();
    this.slider.element.hidden = true;
    this.slider.move(50);
    if (!upload) return;
    upload.addEventListener("change", this.update);
    this.update();
    if (upload.file && upload.state !== "complete") await this.showLocal(upload);
  }

  /** Follow the state of the upload. */
  update() {
    const { upload } = this;
    if (!upload) return;
    const complete = upload.state === "complete";
    byId("stage-upload").hidden = complete;
    setText(byId("stage-upload-text"), stateText(upload));
    const bar = byId("stage-upload-bar");
    if (upload.state === "checking") bar.removeAttribute("value");
    else bar.value = upload.bytes ? upload.sent / upload.bytes : 0;
    bar.hidden = upload.state === "failed";
    byId("stage").classList.toggle("failed", upload.state === "failed");
    if (complete && !this.loaded) {
      this.loaded = true;
      this.load();
    }
    this.showMoment();
  }

  showMoment() {
    const media = this.upload?.document?.media;
    const seconds = media?.seconds ?? 0;
    byId("moment-row").hidden = !seconds;
    const range = byId("moment");
    if (!seconds || this.moment !== null) return;
    range.max = seconds;
    range.value = seconds / 3;
    setText(byId("moment-time"), clockText(seconds / 3));
  }

  /** Load the still, and paint it. */
  async load() {
    const { upload, moment } = this;
    const document = upload?.document;
    if (!document?.media) return;
    this.painting.abort();
    this.painting = new AbortController();
    const { signal } = this.painting;
    try {
      this.still = await getBlob(stillUrl(document.id, { height: HEIGHT, time: moment }), signal);
      const { width, height } = document.media;
      this.slider.show(this.keepUrl("before", this.still), null, width, height);
      this.slider.element.hidden = false;
      await this.paint();
    } catch (error) {
      notifyError(error);
    }
  }

  /** Paint the still with the present settings. */
  async paint() {
    const { still } = this;
    if (!still) return;
    this.painting.abort();
    this.painting = new AbortController();
    const { signal } = this.painting;
    byId("stage").setAttribute("aria-busy", "true");
    try {
      const painted = await stylize(still, this.settings.previewOptions(), signal);
      this.slider.setStrength(this.settings.strength);
      this.slider.setAfter(this.keepUrl("after", painted));
    } catch (error) {
      notifyError(error);
    }
    if (signal.aborted) return;
    byId("stage").removeAttribute("aria-busy");
    this.dispatchEvent(new Event("painted"));
  }

  /**
   * Show the user's own file until the server has it.
   *
   * @param {Upload} upload
   */
  async showLocal(upload) {
    const picture = await localPicture(/** @type {File} */ (upload.file)).catch(() => null);
    if (!picture || upload !== this.upload || this.still) return;
    this.slider.show(this.keepUrl("before", picture.content), null, picture.width, picture.height);
    this.slider.element.hidden = false;
  }

  /**
   * Address of content; that of the one before is freed.
   *
   * @param {"before" | "after"} side
   * @param {Blob} content
   */
  keepUrl(side, content) {
    const old = this.slider[side].getAttribute("src");
    if (old?.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(old), 1000);
    return URL.createObjectURL(content);
  }
}

/**
 * State of an upload in words.
 *
 * @param {Upload} upload
 */
export function stateText(upload) {
  switch (upload.state) {
    case "waiting": return t("upload.waiting");
    case "lost": return t("upload.lost");
    case "checking": return t("upload.checking");
    case "stopped": return t("upload.again", { name: upload.name });
    case "failed": return upload.error?.message ?? "";
    case "complete": return "";
    default: return sendingText(upload);
  }
}

/** @param {Upload} upload */
function sendingText({ sent, bytes, left }) {
  const progress = t("upload.progress", { percent: percentText(bytes ? sent / bytes : 0) });
  if (left === null) return progress;
  const rest = t("upload.left", { done: bytesText(sent), total: bytesText(bytes), left: leftText(left) });
  return `${progress} · ${rest}`;
}

/**
 * Picture of a file that the browser can show itself: the photo, or a frame of the video.
 *
 * @param {File} file
 * @returns {Promise<{content: Blob, width: number, height: number}>}
 */
async function localPicture(file) {
  if (!file.type.startsWith("video/")) {
    const { width, height } = await createImageBitmap(file);
    return { content: file, width, height };
  }
  const video = document.createElement("video");
  const url = URL.createObjectURL(file);
  try {
    video.muted = true;
    video.src = url;
    await happening(video, "loadedmetadata");
    video.currentTime = video.duration / 3;
    await happening(video, "seeked");
    const scale = Math.min(1, LOCAL_SIDE / Math.max(video.videoWidth, video.videoHeight));
    const canvas = new OffscreenCanvas(video.videoWidth * scale, video.videoHeight * scale);
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    const content = await canvas.convertToBlob({ type: "image/jpeg" });
    return { content, width: video.videoWidth, height: video.videoHeight };
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} name
 */
function happening(video, name) {
  return new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener("error", reject, { once: true });
  });
}

// Create section: files come in, are shown with the styles and settings, and become jobs.

import { createJob, getUploads, stillUrl } from "./api.js";
import { byId, el, icon, iconButton, setText, setVariable } from "./dom.js";
import { mediaAmong, onChoose, onDrop } from "./files.js";
import { durationText, sizeText } from "./format.js";
import { announce, notify, notifyError } from "./notices.js";
import { show } from "./router.js";
import { Stage, stateText } from "./stage.js";
import { t } from "./strings.js";
import { unfinishedId, Upload, UploadQueue } from "./upload.js";

/** @import { Gallery, StyleShelf } from "./gallery.js" */
/** @import { JobStore } from "./jobs.js" */
/** @import { Settings } from "./settings.js" */
/** @import { Job, Media } from "./types.js" */

const GALLERY_HEIGHT = 240; // of the stills in the gallery

/** The section's files and their controls. */
export class Create {
  /** @type {Upload[]} */
  uploads = [];
  /** @type {Upload | null} */
  current = null;
  queue = new UploadQueue();
  /** @type {WeakMap<Upload, HTMLElement>} */
  tiles = new WeakMap();

  /**
   * @param {StyleShelf} shelf
   * @param {Gallery} gallery
   * @param {Settings} settings
   * @param {JobStore} store
   */
  constructor(shelf, gallery, settings, store) {
    this.shelf = shelf;
    this.gallery = gallery;
    this.settings = settings;
    this.store = store;
    this.stage = new Stage(settings);
    this.stage.addEventListener("painted", () => this.showGallery()); // the preview comes first
    const add = (/** @type {File[]} */ files) => this.add(files);
    onChoose(byId("choose"), byId("file-input"), add);
    onChoose(byId("choose-folder"), byId("folder-input"), add);
    onChoose(byId("add-files"), byId("file-input-more"), add);
    onDrop(document.body, add);
    addEventListener("paste", (event) => add([...(event.clipboardData?.files ?? [])]));
    byId("paint").addEventListener("click", () => this.paint());
    this.draw();
  }

  /** Show the files of this tab again, after a reload. */
  async restore() {
    const ids = JSON.parse(sessionStorage.getItem("files") ?? "[]");
    if (!ids.length) return;
    const { uploads } = await getUploads();
    const found = uploads.filter((upload) => ids.includes(upload.id));
    found.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
    for (const document of found) this.put(new Upload(null, document));
    this.select(this.uploads[0] ?? null);
  }

  /**
   * Take files in, and start to upload them.
   *
   * @param {File[]} files
   */
  add(files) {
    const media = mediaAmong(files);
    if (files.length && !media.length) notify(t("create.nothing"), "error");
    if (!media.length) return;
    show("create");
    const added = media.map((file) => this.uploadOf(file));
    for (const upload of added) {
      this.put(upload);
      this.queue.add(upload);
    }
    this.select(added[0]);
  }

  /**
   * Show the input of a job again, with its settings.
   *
   * @param {Job} job
   */
  async reuse(job) {
    const known = this.uploads.find((upload) => upload.document?.id === job.input.upload);
    if (!known) {
      const document = (await getUploads()).uploads.find((upload) => upload.id === job.input.upload);
      if (document) this.put(new Upload(null, document));
    }
    const upload = this.uploads.find((upload) => upload.document?.id === job.input.upload) ?? null;
    if (upload) this.select(upload);
    this.settings.use(job.options);
    show("create");
  }

  /**
   * Upload of a file: that of an earlier visit goes on.
   *
   * @param {File} file
   */
  uploadOf(file) {
    const id = unfinishedId(file);
    const stopped = this.uploads.find((upload) => upload.state === "stopped" && upload.document?.id === id);
    stopped?.continueWith(file);
    return stopped ?? new Upload(file);
  }

  /** @param {Upload} upload */
  put(upload) {
    if (this.uploads.includes(upload)) return;
    this.uploads.push(upload);
    this.remember();
    let state = upload.state;
    upload.addEventListener("change", () => {
      this.tile(upload);
      if (upload.state === state) return;
      state = upload.state;
      this.changed(upload);
    });
  }

  /** Keep the ids of the files for a reload. */
  remember() {
    const ids = this.uploads.map((upload) => upload.document?.id).filter(Boolean);
    sessionStorage.setItem("files", JSON.stringify(ids));
  }

  /** @param {Upload} upload whose state has changed */
  changed(upload) {
    this.remember();
    if (upload.state === "complete") announce(t("upload.done", { name: upload.name }));
    if (upload.state === "failed") {
      notify(t("upload.failed", { name: upload.name, detail: stateText(upload) }), "error");
    }
    this.draw();
  }

  /** @param {Upload} upload */
  remove(upload) {
    const place = this.uploads.indexOf(upload);
    this.uploads.splice(place, 1);
    this.remember();
    if (upload.state !== "complete") upload.cancel();
    if (upload === this.current) this.select(this.uploads[Math.min(place, this.uploads.length - 1)] ?? null);
    else this.draw();
    (byId("strip").querySelector("button") ?? byId("choose")).focus();
  }

  /** @param {Upload | null} upload */
  select(upload) {
    this.current = upload;
    this.stage.show(upload);
    this.draw();
  }

  draw() {
    byId("work").hidden = !this.uploads.length;
    byId("create").classList.toggle("has-files", this.uploads.length > 0);
    this.drawStrip();
    const media = this.current?.document?.media ?? null;
    setText(byId("file-name"), this.current?.name ?? "");
    setText(byId("file-facts"), media ? factsOf(media) : "");
    this.settings.setMedia(media, this.uploads.length);
    if (!media) this.showGallery();
    this.showButton();
  }

  /** Show the tiles of all files; those that are as before stay, so that large folders are quick. */
  drawStrip() {
    const strip = byId("strip");
    const focused = this.uploads.find((upload) => this.tiles.get(upload)?.contains(document.activeElement));
    const tiles = this.uploads.map((upload) => this.tileOf(upload));
    const same = tiles.length === strip.children.length && tiles.every((tile, i) => tile === strip.children[i]);
    if (!same) strip.replaceChildren(...tiles);
    const tile = focused && this.tiles.get(focused);
    if (tile && !tile.contains(document.activeElement)) tile.querySelector("button")?.focus();
  }

  /**
   * @param {Upload} upload
   * @returns {HTMLElement}
   */
  tileOf(upload) {
    const look = `${upload.state} ${upload === this.current}`;
    const known = this.tiles.get(upload);
    if (known?.dataset.look === look) return known;
    const document = upload.document;
    const picture = upload.state === "complete" && document
      ? el("img", { src: stillUrl(document.id, { height: 96 }), alt: "" }) : icon("film");
    const choose = el("button.tile-choose", {
      type: "button", title: upload.name, "aria-label": t("create.show", { name: upload.name }),
      "aria-current": upload === this.current ? "true" : undefined, onclick: () => this.select(upload),
    }, picture, el("span.tile-progress", {}));
    const remove = iconButton("close", t("create.remove", { name: upload.name }), () => this.remove(upload), ".tile-remove");
    const tile = el(`li.tile.${upload.state}`, { "data-look": look }, choose, remove);
    setVariable(tile, "share", upload.bytes ? upload.sent / upload.bytes : 0);
    this.tiles.set(upload, tile);
    return tile;
  }

  /** @param {Upload} upload whose progress is to be shown */
  tile(upload) {
    const tile = byId("strip").children[this.uploads.indexOf(upload)];
    if (tile) setVariable(tile, "share", upload.bytes ? upload.sent / upload.bytes : 0);
  }

  showGallery() {
    const document = this.current?.state === "complete" ? this.current.document : null;
    const { keep_colors } = this.settings.previewOptions();
    setText(byId("styles-hint"), document ? t("styles.hint.own", { name: document.name }) : t("styles.hint"));
    this.gallery.setPictures((style) => document
      ? stillUrl(document.id, {
        height: GALLERY_HEIGHT, time: this.stage.moment, style: style.id, keep_colors: Boolean(keep_colors) || undefined,
      })
      : style.thumbnail);
  }

  showButton() {
    const usable = this.usable;
    const media = this.current?.document?.media;
    const key = usable.length > 1 ? "many" : media?.kind ?? "none";
    setText(byId("paint-text"), t(`paint.${key}`, { count: usable.length }));
    byId("paint").disabled = !usable.length;
    byId("paint-hint").hidden = usable.every((upload) => upload.state === "complete");
  }

  get usable() {
    return this.uploads.filter((upload) => upload.state !== "failed" && upload.state !== "stopped");
  }

  /** Create a job for each file, as soon as it is uploaded. */
  async paint() {
    const { usable } = this;
    try {
      const orders = usable.map((upload) => this.order(upload));
      if (usable.length > 1) notify(t("create.queued.many", { count: usable.length }));
      if (usable.every((upload) => upload.state !== "complete")) show("queue");
      const made = await Promise.all(orders);
      if (made.length === 1) this.tellOf(made[0]);
      else show("queue");
    } catch (error) {
      notifyError(error);
    }
  }

  /** @param {{job: Job, created: boolean}} made */
  tellOf({ job, created }) {
    const known = !created && job.state === "done";
    notify(t(known ? "create.exists" : "create.queued", { name: job.input.name }));
    show(known ? `job=${job.id}` : "queue");
  }

  /** @param {Upload} upload */
  async order(upload) {
    const asked = { photo: this.orderFor("photo"), video: this.orderFor("video") }; // settings of now
    await completed(upload);
    const document = /** @type {import("./types.js").UploadDocument} */ (upload.document);
    const made = await createJob({ upload: document.id, ...asked[/** @type {Media} */ (document.media).kind] });
    this.store.put(made.job);
    return made;
  }

  /** @param {"photo" | "video"} kind */
  orderFor(kind) {
    return { options: this.settings.options(kind), format: this.settings.format(kind) };
  }
}

/**
 * Facts of a file, as "1920 × 1080 · 12.5 s".
 *
 * @param {Media} media
 */
function factsOf({ width, height, seconds }) {
  return [sizeText(width, height), ...(seconds ? [durationText(seconds)] : [])].join(" · ");
}

/**
 * Wait until an upload is complete.
 *
 * @param {Upload} upload
 * @returns {Promise<void>}
 */
function completed(upload) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (upload.state === "complete") resolve();
      else if (upload.state === "failed") reject(upload.error);
      else return;
      upload.removeEventListener("change", look);
    };
    upload.addEventListener("change", look);
    look();
  });
}

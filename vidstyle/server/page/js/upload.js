// Uploads: files sent as raw bytes, with progress, resumed at the byte where a connection broke.

import { clientName, contentUrl, createUpload, deleteUpload, getUpload, Problem, problemOf } from "./api.js";
import { t } from "./strings.js";

/** @import { UploadDocument } from "./types.js" */

const LONGEST_WAIT_MS = 10_000;

/**
 * Upload of one file; sends "change" whenever a property changes.
 *
 * `state` goes from "waiting" over "sending", "lost" and "checking" to "complete" or "failed".
 * "stopped" is an upload of an earlier visit, which needs its file again.
 */
export class Upload extends EventTarget {
  /** @type {"waiting" | "sending" | "lost" | "checking" | "complete" | "failed" | "stopped"} */
  state = "waiting";
  /** @type {UploadDocument | null} */
  document = null;
  /** @type {Error | null} */
  error = null;
  sent = 0;
  /** @type {number | null} seconds */
  left = null;

  /**
   * @param {File | null} file
   * @param {UploadDocument | null} [document] of an earlier visit
   */
  constructor(file, document = null) {
    super();
    this.file = file;
    this.document = document;
    this.name = file?.name ?? document?.name ?? "";
    this.bytes = file?.size ?? document?.bytes ?? 0;
    this.cancelled = false;
    /** @type {XMLHttpRequest | null} */
    this.request = null;
    if (document) {
      this.state = document.state === "complete" ? "complete" : "stopped";
      this.sent = document.received;
    }
  }

  /** Go on with the file of an upload that an earlier visit began. */
  continueWith(/** @type {File} */ file) {
    this.file = file;
    this.change("waiting");
  }

  /** Send the file; settled when `state` is "complete" or "failed", or it was cancelled. */
  async run() {
    try {
      this.document ??= await this.persist(() => createUpload(this.name, this.bytes));
      this.change("sending");
      this.document = await this.persist(() => this.sendRest());
      this.change("complete");
    } catch (error) {
      if (this.cancelled) return;
      this.error = /** @type {Error} */ (error);
      this.change("failed");
    }
    forget(this);
  }

  /** Give up, and have the server delete what it got. */
  cancel() {
    this.cancelled = true;
    this.request?.abort();
    forget(this);
    if (this.document) deleteUpload(this.document.id).catch(() => undefined);
  }

  /** @param {Upload["state"]} state */
  change(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Try until the network lets it through.
   *
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async persist(work) {
    for (let wait = 500; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        return await work();
      } catch (error) {
        const passing = error instanceof Problem && [0, 408, 409, 429, 503].includes(error.status);
        if (!passing || this.cancelled) throw error;
        this.change("lost");
        await pause(wait);
        if (this.cancelled) throw error;
      }
    }
  }

  /** @returns {Promise<UploadDocument>} the complete upload */
  async sendRest() {
    const known = /** @type {UploadDocument} */ (this.document);
    const there = await getUpload(known.id).catch((error) => {
      if (error.status !== 404) throw error;
      return createUpload(this.name, this.bytes); // the server did not keep it
    });
    this.document = there;
    remember(this);
    if (there.state === "complete") return there;
    return this.sendFrom(there.id, there.received);
  }

  /**
   * @param {string} id
   * @param {number} offset
   * @returns {Promise<UploadDocument>}
   */
  sendFrom(id, offset) {
    const request = new XMLHttpRequest(); // fetch tells no progress of what it sends
    this.request = request;
    const started = performance.now();
    request.open("PATCH", contentUrl(id));
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("X-Vidstyle-Client", clientName());
    request.upload.addEventListener("progress", ({ loaded }) => {
      const seconds = (performance.now() - started) / 1000;
      this.sent = offset + loaded;
      this.left = seconds > 1 ? ((this.bytes - this.sent) / loaded) * seconds : null;
      this.change(this.sent < this.bytes ? "sending" : "checking");
    });
    return new Promise((resolve, reject) => {
      request.addEventListener("load", () => {
        if (request.status >= 400) reject(problemOf(request.status, request.responseText));
        else resolve(JSON.parse(request.responseText));
      });
      for (const name of ["error", "abort", "timeout"]) {
        request.addEventListener(name, () => reject(new Problem({ status: 0, detail: t("error.network") })));
      }
      request.send(/** @type {File} */ (this.file).slice(offset));
    });
  }
}

/** Uploads in turn, one at a time. */
export class UploadQueue {
  /** @type {Promise<void>} */
  last = Promise.resolve();

  /** @param {Upload} upload */
  add(upload) {
    this.last = this.last.then(() => (upload.cancelled ? undefined : upload.run()));
  }
}

/**
 * Id of the unfinished upload of a file, from an earlier visit.
 *
 * @param {File} file
 * @returns {string | undefined}
 */
export function unfinishedId(file) {
  return unfinished()[fingerprint(file)];
}

/** @returns {Record<string, string>} ids by fingerprint */
function unfinished() {
  return JSON.parse(localStorage.getItem("uploads") ?? "{}");
}

/** @param {File} file */
function fingerprint(file) {
  return `${file.name} ${file.size} ${file.lastModified}`;
}

/** @param {Upload} upload */
function remember({ file, document }) {
  if (file && document) {
    localStorage.setItem("uploads", JSON.stringify({ ...unfinished(), [fingerprint(file)]: document.id }));
  }
}

/** @param {Upload} upload */
function forget({ file }) {
  if (!file) return;
  const { [fingerprint(file)]: _, ...others } = unfinished();
  localStorage.setItem("uploads", JSON.stringify(others));
}

/**
 * Wait, but not longer than until the network is back.
 *
 * @param {number} ms
 * @returns {Promise<void>}
 */
function pause(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    }
    addEventListener("online", done);
  });
}

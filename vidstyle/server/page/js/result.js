// Result section: one painting with player, comparison, download and its command line.

import { downloadUrl, stillUrl } from "./api.js";
import { CompareSlider } from "./compare_slider.js";
import { byId, el, setText, setVariable } from "./dom.js";
import { bytesText, durationText, sizeText } from "./format.js";
import { notify, notifyError } from "./notices.js";
import { lookOf, removeJob } from "./queue.js";
import { router, show } from "./router.js";
import { t } from "./strings.js";

/** @import { Create } from "./create.js" */
/** @import { StyleShelf } from "./gallery.js" */
/** @import { JobStore } from "./jobs.js" */
/** @import { Job, JobResult } from "./types.js" */

const HEIGHT = 1080; // at most, of the original that a result is compared with

/** The section of one finished job. */
export class ResultView {
  /** @type {Job | null} */
  job = null;
  wanted = ""; // id of the job in the address

  /**
   * @param {JobStore} store
   * @param {StyleShelf} shelf
   * @param {Create} create
   */
  constructor(store, shelf, create) {
    this.store = store;
    this.shelf = shelf;
    this.slider = new CompareSlider();
    this.slider.before.addEventListener("error", () => this.originalGone());
    byId("result-stage").append(this.slider.element);
    this.player = byId("player");
    router.addEventListener("section", (event) => this.open(/** @type {CustomEvent} */ (event).detail));
    store.addEventListener("change", (event) => {
      if (/** @type {CustomEvent} */ (event).detail === this.wanted) this.open({ name: "job", argument: this.wanted });
    });
    byId("result-view").addEventListener("change", () => this.showView());
    byId("result-copy").addEventListener("click", () => this.copy());
    byId("result-again").addEventListener("click", () => this.job && create.reuse(this.job).catch(notifyError));
    byId("result-delete").addEventListener("click", async () => {
      if (this.job && (await removeJob(this.job, store))) show("queue");
    });
  }

  /** @param {{name: string, argument: string}} section */
  open({ name, argument }) {
    this.wanted = name === "job" ? argument : "";
    const job = this.store.jobs.get(this.wanted) ?? null;
    const result = job?.result ?? null;
    if (name !== "job" || job !== this.job) this.player.pause();
    byId("result").hidden = !result;
    byId("result-missing").hidden = Boolean(result);
    setText(byId("result-missing"), t(job ? "result.waiting" : "result.gone"));
    if (name !== "job" || !job || !result || job.revision === this.job?.revision) return;
    this.job = job;
    this.draw(job, result);
  }

  /**
   * @param {Job} job
   * @param {JobResult} result
   */
  draw(job, result) {
    setText(byId("result-title"), result.name);
    const words = job.command.split(/ (?=--)/); // lines break between the options
    byId("result-command").replaceChildren(...words.flatMap((word) => [el("span", {}, word), " "]).slice(0, -1));
    byId("result-download").href = downloadUrl(job.id);
    byId("result-facts").replaceChildren(...factsOf(job, result, this.shelf).flatMap(([name, value]) =>
      [el("dt", {}, name), el("dd", {}, value)]));
    byId("result-warnings").replaceChildren(...[...result.warnings, ...result.damage].map((text) => el("li", {}, text)));
    this.comparable = job.input.upload !== null && !job.options.compare;
    const video = result.type.startsWith("video/");
    byId("result-view").hidden = !video || !this.comparable;
    byId("result-view").reset();
    setVariable(this.player, "ratio", result.width / result.height);
    this.player.hidden = !video;
    if (video) this.player.src = result.url;
    else this.player.removeAttribute("src");
    this.slider.element.hidden = video;
    if (!video) this.compare(job, result, result.url, null);
  }

  /** Show the player, or the moment it stands at before and after. */
  showView() {
    const comparing = byId("result-view").elements.namedItem("view").value === "compare";
    const { job, player } = this;
    this.player.hidden = comparing;
    this.slider.element.hidden = !comparing;
    if (!comparing || !job?.result) return;
    player.pause();
    const canvas = el("canvas", { width: player.videoWidth, height: player.videoHeight });
    canvas.getContext("2d").drawImage(player, 0, 0);
    const time = player.currentTime + Number(job.options.start ?? 0);
    canvas.toBlob((/** @type {Blob} */ frame) => {
      this.compare(job, /** @type {JobResult} */ (job.result), URL.createObjectURL(frame), time);
    }, "image/png");
  }

  /**
   * @param {Job} job
   * @param {JobResult} result
   * @param {string} after address of the painting
   * @param {number | null} time in the original, in seconds
   */
  compare(job, result, after, time) {
    const { upload } = job.input;
    if (!upload || !this.comparable) {
      this.slider.show(after, null, result.width, result.height);
      return;
    }
    this.slider.show(stillUrl(upload, { height: HEIGHT, time }), after, result.width, result.height);
  }

  /** Show the painting alone, as there is nothing to compare it with. */
  originalGone() {
    const after = this.slider.after.getAttribute("src");
    if (!after || !this.job?.result) return;
    notify(t("result.original.gone"));
    this.slider.show(after, null, this.job.result.width, this.job.result.height);
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.job?.command ?? "");
      notify(t("result.copied"));
    } catch {
      getSelection()?.selectAllChildren(byId("result-command")); // not allowed on plain http: to copy by hand
    }
  }
}

/**
 * @param {Job} job
 * @param {JobResult} result
 * @param {StyleShelf} shelf
 * @returns {string[][]}
 */
function factsOf(job, result, shelf) {
  return [
    [t("result.style"), lookOf(job.options, shelf)],
    [t("result.size"), sizeText(result.width, result.height)],
    [t("result.file"), `${job.format.toUpperCase()}, ${bytesText(result.bytes)}`],
    [t("result.took"), result.cached ? t("result.cached") : durationText(result.seconds)],
  ];
}

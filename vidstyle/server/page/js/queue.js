// Queue section: a card for each job, with its picture, progress and actions.

import { cancelJob, createJob, deleteJob, downloadUrl, retryJob, stillUrl } from "./api.js";
import { byId, el, icon, iconButton, setText, setVariable } from "./dom.js";
import { leftText, percentText } from "./format.js";
import { announce, confirmDelete, notifyError } from "./notices.js";
import { t } from "./strings.js";

/** @import { StyleShelf } from "./gallery.js" */
/** @import { JobStore } from "./jobs.js" */
/** @import { Job, Options } from "./types.js" */

const PICTURE_HEIGHT = 320;

/** The cards, in the order of the jobs' creation, the newest first. */
export class Queue {
  /** @type {Map<string, JobCard>} */
  cards = new Map();

  /**
   * @param {JobStore} store
   * @param {StyleShelf} shelf
   */
  constructor(store, shelf) {
    this.store = store;
    this.shelf = shelf;
    this.list = byId("jobs");
    store.addEventListener("change", (event) => this.change(/** @type {CustomEvent} */ (event).detail));
    shelf.addEventListener("styles", () => this.cards.forEach((card) => card.update(card.job)));
  }

  /** @param {string} id of the job that changed */
  change(id) {
    const job = this.store.jobs.get(id);
    const card = this.cards.get(id);
    if (!job) this.drop(id);
    else if (card) card.update(job);
    else this.insert(job);
    byId("queue-empty").hidden = this.cards.size > 0;
    this.showCount();
  }

  /** @param {Job} job */
  insert(job) {
    const card = new JobCard(job, this.store, this.shelf);
    this.cards.set(job.id, card);
    const older = [...this.list.children].find((node) => Number(node.dataset.created) <= job.created);
    this.list.insertBefore(card.element, older ?? null);
  }

  /** @param {string} id */
  drop(id) {
    const card = this.cards.get(id);
    if (!card) return;
    const neighbor = card.element.nextElementSibling ?? card.element.previousElementSibling;
    const focused = card.element.contains(document.activeElement);
    card.element.remove();
    this.cards.delete(id);
    if (focused) (neighbor?.querySelector("a, button") ?? byId("queue-title")).focus();
  }

  showCount() {
    const count = this.store.active;
    const badge = byId("queue-count");
    badge.hidden = !count;
    setText(badge, String(count));
    setText(byId("queue-count-text"), count ? t("nav.active", { count }) : "");
    const running = [...this.store.jobs.values()].find((job) => job.state === "running");
    const share = running?.progress?.share;
    document.title = share ? `${percentText(share)} · ${t("app.name")}` : t("app.name");
  }
}

class JobCard {
  /**
   * @param {Job} job
   * @param {JobStore} store
   * @param {StyleShelf} shelf
   */
  constructor(job, store, shelf) {
    this.store = store;
    this.shelf = shelf;
    this.job = job;
    this.told = 0; // quarters of the progress that were read aloud
    const name = job.input.name;
    this.picture = el("a.job-picture", {}, ...picturesOf(job));
    this.bar = el("progress", { max: 1, "aria-label": t("job.progress", { name }) });
    this.title = el("h2.job-name", {}, name);
    this.look = el("p.job-look");
    this.status = el("p.job-status");
    this.note = el("p.job-note");
    this.actions = el("div.job-actions");
    this.element = el("article.job", { "data-created": job.created, "data-job": job.id, "aria-label": name }, this.picture,
      el("div.job-body", {}, this.title, this.look, this.bar, this.status, this.note, this.actions));
    this.show();
    this.showActions();
  }

  /** @param {Job} job in its present state */
  update(job) {
    const before = this.job;
    this.job = job;
    this.show();
    if (before.state !== job.state) {
      this.showActions();
      this.tell();
    }
    this.tellProgress();
  }

  show() {
    const { job } = this;
    const share = job.state === "done" ? 1 : job.progress?.share ?? 0;
    this.element.dataset.state = job.state;
    setVariable(this.element, "share", share);
    setText(this.title, job.result?.name ?? job.input.name);
    setText(this.look, lookOf(job.options, this.shelf));
    setText(this.status, statusOf(job));
    setText(this.note, job.error?.detail ?? job.note ?? "");
    this.note.hidden = !this.note.textContent;
    this.bar.hidden = job.state !== "running";
    if (job.progress?.share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
    if (job.state === "done") {
      this.picture.href = `#job=${job.id}`;
      this.picture.setAttribute("aria-label", t("job.open", { name: job.result?.name ?? job.input.name }));
    } else {
      this.picture.removeAttribute("href");
      this.picture.removeAttribute("aria-label");
    }
  }

  showActions() {
    const { job } = this;
    const name = job.result?.name ?? job.input.name;
    const focused = this.actions.contains(document.activeElement);
    const actions = [];
    if (job.state === "done") {
      actions.push(el("a.button", { href: downloadUrl(job.id), download: "", "aria-label": t("job.download.name", { name }) },
        icon("download"), t("job.download")));
    }
    if (job.state === "queued" || job.state === "running") {
      actions.push(this.button("cancel", "close", name, () => cancelJob(job.id)));
    }
    if (job.state === "failed" || job.state === "cancelled") {
      actions.push(this.button("retry", "retry", name, () => retryJob(job.id)));
      actions.push(...(job.error?.cures ?? []).map((cure) => this.cureButton(cure)));
    }
    if (job.state !== "queued" && job.state !== "running") {
      actions.push(iconButton("trash", t("job.delete.name", { name }), () => removeJob(job, this.store), ".quiet"));
    }
    this.actions.replaceChildren(...actions);
    if (focused) actions[0]?.focus();
  }

  /**
   * @param {"cancel" | "retry"} key of the text
   * @param {string} symbol
   * @param {string} name
   * @param {() => Promise<Job>} act
   */
  button(key, symbol, name, act) {
    const onclick = () => act().then((job) => this.store.put(job), notifyError);
    return el("button.button", { type: "button", "aria-label": t(`job.${key}.name`, { name }), onclick }, icon(symbol), t(`job.${key}`));
  }

  /** @param {Options} cure settings that avoid the error */
  cureButton(cure) {
    const { job } = this;
    const settings = Object.entries(cure).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ");
    const order = { upload: job.input.upload ?? "", options: { ...job.options, ...cure }, format: job.format };
    const onclick = () => createJob(order).then((made) => this.store.put(made.job), notifyError);
    return el("button.button", { type: "button", onclick }, t("job.cure", { settings }));
  }

  tell() {
    const { job } = this;
    if (job.state === "done") announce(t("job.done.say", { name: job.input.name }));
    if (job.state === "failed") {
      announce(t("job.failed.say", { name: job.input.name, detail: job.error?.detail ?? "" }));
    }
  }

  tellProgress() {
    const share = this.job.progress?.share ?? 0;
    const quarters = Math.floor(share * 4);
    if (this.job.state !== "running" || quarters <= this.told || quarters > 3) return;
    this.told = quarters;
    announce(t("job.quarter.say", { name: this.job.input.name, percent: percentText(share) }));
  }
}

/**
 * Delete a job and its result, after a question.
 *
 * @param {Job} job
 * @param {JobStore} store
 * @returns {Promise<boolean>} whether it was deleted
 */
export async function removeJob(job, store) {
  if (!(await confirmDelete(t("job.delete.ask", { name: job.result?.name ?? job.input.name })))) return false;
  try {
    await deleteJob(job.id);
    store.remove(job.id);
    return true;
  } catch (error) {
    notifyError(error);
    return false;
  }
}

/**
 * Style and settings of a job in words.
 *
 * @param {Options} options
 * @param {StyleShelf} shelf
 */
export function lookOf(options, shelf) {
  const style = shelf.find(String(options.style));
  const parts = [style?.title ?? String(options.style ?? shelf.styles.find((s) => s.default)?.title ?? "")];
  if (style && style.size_class !== "55k") parts.push(t(`variant.${style.size_class}`).toLowerCase());
  if (options.strength !== undefined) parts.push(t("job.strength", { percent: percentText(Number(options.strength)) }));
  if (options.keep_colors) parts.push(t("job.colors"));
  if (options.only === "person") parts.push(t("job.person"));
  if (options.only === "background") parts.push(t("job.background"));
  if (options.quality === "full") parts.push(t("job.full"));
  return parts.join(" · ");
}

/** @param {Job} job */
function statusOf({ state, position, progress, result }) {
  if (state === "queued") return position ? t("job.queued", { count: position }) : t("job.queued.next");
  if (state === "running") return runningText(progress);
  if (state === "done") return result && result.frames > 1 ? t("job.frames", { frames: result.frames }) : "";
  return t(`job.${state}`);
}

/** @param {Job["progress"]} progress */
function runningText(progress) {
  if (!progress) return t("job.starting");
  const parts = [];
  if (progress.share !== null) parts.push(t("job.running", { percent: percentText(progress.share) }));
  if (progress.left_s !== null) parts.push(t("job.left", { left: leftText(progress.left_s) }));
  if (progress.fps) parts.push(t("job.fps", { fps: progress.fps < 9.95 ? progress.fps.toFixed(1) : Math.round(progress.fps) }));
  return parts.join(" · ") || t("job.starting");
}

/**
 * The original, and the painting above it, which is uncovered as the job goes on.
 *
 * @param {Job} job
 */
function picturesOf(job) {
  const { upload } = job.input;
  if (!upload) return [icon("film")];
  const { style, keep_colors, only } = job.options;
  const painted = stillUrl(upload, {
    height: PICTURE_HEIGHT, style: String(style ?? "great-wave"), keep_colors: keep_colors ? true : undefined,
    only: only ? String(only) : undefined,
  });
  const gone = (/** @type {Event} */ event) => /** @type {Element} */ (event.target).remove();
  return [
    icon("film"),
    el("img.job-before", { src: stillUrl(upload, { height: PICTURE_HEIGHT }), alt: "", loading: "lazy", onerror: gone }),
    el("img.job-after", { src: painted, alt: "", loading: "lazy", onerror: gone }),
  ];
}

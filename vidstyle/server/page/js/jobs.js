// Jobs: the server's list, kept current by server-sent events.

import { eventsUrl, getJobs } from "./api.js";

/** @import { Job } from "./types.js" */

const RETRY_MS = 2_000;

/**
 * All jobs of the server.
 *
 * Sends "change" with the job's id in `detail` when a job is new, changed or deleted, and
 * "connection" when the connection is lost or back.
 */
export class JobStore extends EventTarget {
  /** @type {Map<string, Job>} */
  jobs = new Map();
  connected = true;
  revision = 0;

  /** Read the list, and follow the events from there on. */
  async start() {
    const { jobs, revision } = await getJobs();
    for (const job of jobs) this.put(job);
    for (const id of [...this.jobs.keys()].filter((id) => !jobs.some((job) => job.id === id))) this.remove(id);
    this.revision = revision;
    this.follow();
  }

  /**
   * Take a job over, unless a later state of it is known.
   *
   * @param {Job} job
   */
  put(job) {
    const known = this.jobs.get(job.id);
    if (known && known.revision >= job.revision) return;
    this.jobs.set(job.id, job);
    this.tell(job.id);
  }

  /** @param {string} id */
  remove(id) {
    if (this.jobs.delete(id)) this.tell(id);
  }

  /** Number of jobs that wait or run. */
  get active() {
    return [...this.jobs.values()].filter(isActive).length;
  }

  follow() {
    const events = new EventSource(eventsUrl(this.revision));
    const seen = (/** @type {MessageEvent} */ event) => {
      this.revision = Math.max(this.revision, Number(event.lastEventId) || 0);
      return JSON.parse(event.data);
    };
    events.addEventListener("job", (event) => this.put(seen(event)));
    events.addEventListener("deleted", (event) => this.remove(seen(event).id));
    events.addEventListener("open", () => this.setConnected(true));
    events.addEventListener("error", () => {
      this.setConnected(false);
      if (events.readyState !== EventSource.CLOSED) return; // the browser connects again by itself
      events.close();
      setTimeout(() => this.restart(), RETRY_MS);
    });
  }

  async restart() {
    try {
      await this.start();
    } catch {
      setTimeout(() => this.restart(), RETRY_MS);
    }
  }

  /** @param {boolean} connected */
  setConnected(connected) {
    if (connected === this.connected) return;
    this.connected = connected;
    this.dispatchEvent(new Event("connection"));
  }

  /** @param {string} id */
  tell(id) {
    this.dispatchEvent(new CustomEvent("change", { detail: id }));
  }
}

/**
 * Whether a job waits or runs.
 *
 * @param {Job} job
 */
export function isActive(job) {
  return job.state === "queued" || job.state === "running";
}

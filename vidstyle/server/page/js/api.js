// REST client: requests to the server of the page, and its problem documents as errors.

import { t } from "./strings.js";

/** @import { Job, Options, ProblemDocument, Style, UploadDocument } from "./types.js" */

const API = "/api/v1";

/** Problem that the server describes (RFC 9457), or a connection that failed (status 0). */
export class Problem extends Error {
  /** @param {ProblemDocument} document */
  constructor(document) {
    super(document.detail);
    this.status = document.status;
    this.cures = document.cures ?? [];
  }
}

/** Sends "unauthorized" when an answer asks for the token. */
export const access = new EventTarget();

/** Name of this browser, for the fairness of the queue. */
export function clientName() {
  let name = localStorage.getItem("client");
  if (!name) {
    name = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    localStorage.setItem("client", name);
  }
  return name;
}

/**
 * Problem of an answer.
 *
 * @param {number} status
 * @param {string} content body of the answer
 */
export function problemOf(status, content) {
  if (status === 401) access.dispatchEvent(new Event("unauthorized"));
  try {
    const document = JSON.parse(content);
    if (typeof document.detail === "string") return new Problem(document);
  } catch {
    // Not from the server itself: a proxy, say.
  }
  return new Problem({ status, detail: t("error.unknown", { status }) });
}

/**
 * Send a request.
 *
 * @param {string} method
 * @param {string} path
 * @param {{json?: unknown, body?: Blob, signal?: AbortSignal}} [content]
 * @returns {Promise<Response>} an answer below 400
 */
async function send(method, path, { json, body, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { "X-Vidstyle-Client": clientName() };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, { method, headers, signal, body: json === undefined ? body : JSON.stringify(json) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({ status: 0, detail: t("error.network") });
  }
  if (response.status >= 400) throw problemOf(response.status, await response.text());
  return response;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [json]
 */
async function sendJson(method, path, json) {
  return (await send(method, path, { json })).json();
}

/**
 * Query string of the values that are given.
 *
 * @param {Record<string, string | number | boolean | null | undefined>} values
 */
function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `?${text}` : "";
}

/** @returns {Promise<{token_required: boolean, authorized: boolean}>} */
export const getSession = () => sendJson("GET", `${API}/session`);

/** @param {string} token */
export const openSession = (token) => send("POST", `${API}/session`, { json: { token } });

/**
 * @returns {Promise<{version: string, cores: number, formats: {photo: string[], video: string[]},
 *   options: {name: string}[], device_page: string | null}>}
 */
export const getServer = () => sendJson("GET", `${API}/server`);

/** @returns {Promise<{styles: Style[]}>} */
export const getStyles = () => sendJson("GET", `${API}/styles`);

/**
 * Make a style of the picture of a painting.
 *
 * @param {Blob} picture
 * @param {string} name
 * @returns {Promise<{style: Style, created: boolean}>}
 */
export async function addStyle(picture, name) {
  const response = await send("POST", `${API}/styles${query({ name })}`, { body: picture });
  return { style: await response.json(), created: response.status === 201 };
}

/** @param {string} id */
export const deleteStyle = (id) => send("DELETE", `${API}/styles/${id}`);

/**
 * Paint one picture.
 *
 * @param {Blob} picture
 * @param {Options} options
 * @param {AbortSignal} signal
 */
export async function stylize(picture, options, signal) {
  return (await send("POST", `${API}/stylize${query(options)}`, { body: picture, signal })).blob();
}

/**
 * @param {string} name
 * @param {number} bytes
 * @returns {Promise<UploadDocument>}
 */
export const createUpload = (name, bytes) => sendJson("POST", `${API}/uploads`, { name, bytes });

/** @param {string} id */
export const contentUrl = (id) => `${API}/uploads/${id}/content`;

/** @returns {Promise<{uploads: UploadDocument[]}>} */
export const getUploads = () => sendJson("GET", `${API}/uploads`);

/**
 * @param {string} id
 * @returns {Promise<UploadDocument>}
 */
export const getUpload = (id) => sendJson("GET", `${API}/uploads/${id}`);

/** @param {string} id */
export const deleteUpload = (id) => send("DELETE", `${API}/uploads/${id}`);

/**
 * Address of a still, painted if a style is given.
 *
 * @param {string} id of the upload
 * @param {{height?: number, time?: number | null, style?: string, keep_colors?: boolean, only?: string}} [values]
 */
export const stillUrl = (id, values = {}) => `${API}/uploads/${id}/still${query(values)}`;

/**
 * @param {string} url
 * @param {AbortSignal} signal
 */
export async function getBlob(url, signal) {
  return (await send("GET", url, { signal })).blob();
}

/**
 * Create a job.
 *
 * @param {{upload: string, options: Options, format?: string}} order
 * @returns {Promise<{job: Job, created: boolean}>}
 */
export async function createJob(order) {
  const response = await send("POST", `${API}/jobs`, { json: order });
  return { job: await response.json(), created: response.status === 201 };
}

/** @returns {Promise<{jobs: Job[], revision: number}>} */
export const getJobs = () => sendJson("GET", `${API}/jobs`);

/** @param {string} id */
export const cancelJob = (id) => sendJson("POST", `${API}/jobs/${id}/cancel`);

/** @param {string} id */
export const retryJob = (id) => sendJson("POST", `${API}/jobs/${id}/retry`);

/** @param {string} id */
export const deleteJob = (id) => send("DELETE", `${API}/jobs/${id}`);

/** @param {string} id */
export const downloadUrl = (id) => `${API}/jobs/${id}/result?download=1`;

/** @param {number} revision of the last job event that is known */
export const eventsUrl = (revision) => `${API}/events${query({ last_event_id: revision })}`;

/** @param {Record<string, string | number | boolean>} settings */
export function liveUrl(settings) {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}${API}/live${query(settings)}`;
}

// Notices: short messages in a corner, announcements for screen readers, and questions.

import { byId, el, iconButton } from "./dom.js";
import { t } from "./strings.js";

const SHOWN_MS = 6_000;

/**
 * Show a message; errors stay until they are closed.
 *
 * @param {string} text
 * @param {"info" | "error"} [kind]
 */
export function notify(text, kind = "info") {
  const region = byId("notices");
  for (const other of region.children) if (other.firstChild?.textContent === text) other.remove();
  const notice = el(`div.notice.${kind}`, { role: kind === "error" ? "alert" : "status" }, el("p", {}, text));
  notice.append(iconButton("close", t("notice.close"), () => notice.remove()));
  region.append(notice);
  if (kind === "info") setTimeout(() => notice.remove(), SHOWN_MS);
}

/**
 * Show the sentence of an error; 401 is left to the token's dialog.
 *
 * @param {unknown} error
 */
export function notifyError(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (/** @type {any} */ (error).status === 401) return;
  notify(error instanceof Error ? error.message : String(error), "error");
}

/**
 * Have a text read aloud.
 *
 * @param {string} text
 */
export function announce(text) {
  byId("announcer").textContent = text;
}

/**
 * Ask before something is deleted.
 *
 * @param {string} question
 * @returns {Promise<boolean>}
 */
export function confirmDelete(question) {
  const dialog = byId("confirm");
  byId("confirm-text").textContent = question;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "delete"), { once: true });
  });
}

/** Connect the buttons of the question. */
export function startNotices() {
  const dialog = byId("confirm");
  byId("confirm-cancel").addEventListener("click", () => dialog.close(""));
  byId("confirm-delete").addEventListener("click", () => dialog.close("delete"));
}

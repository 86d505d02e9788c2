// Session: asks for the server's token if it has one.

import { access, getSession, openSession } from "./api.js";
import { byId } from "./dom.js";

/** Wait until the server accepts requests of this page. */
export async function authorize() {
  const { authorized } = await getSession();
  if (!authorized) await askForToken();
}

/** Ask again when a session has ended, and start over then. */
export function watchSession() {
  access.addEventListener("unauthorized", async () => {
    if (byId("token-dialog").open) return;
    await askForToken();
    location.reload();
  });
}

/** @returns {Promise<void>} settled when the token was right */
function askForToken() {
  const dialog = byId("token-dialog");
  const field = byId("token");
  const message = byId("token-error");
  dialog.addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
  dialog.showModal();
  return new Promise((resolve) => {
    byId("token-form").addEventListener("submit", async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        await openSession(field.value);
        dialog.close();
        resolve();
      } catch (error) {
        message.textContent = error instanceof Error ? error.message : String(error);
        field.setAttribute("aria-invalid", "true");
        field.select();
      }
    });
  });
}

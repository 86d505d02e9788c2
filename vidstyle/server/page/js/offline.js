// Offline page: waits for the server, and opens the page when it is back.

import { byId } from "./dom.js";
import { fillTexts } from "./strings.js";

const RETRY_MS = 2_000;

async function look() {
  try {
    if ((await fetch("/api/v1/health")).ok) location.reload();
  } catch {
    // Still away.
  }
}

fillTexts(document);
byId("retry").addEventListener("click", look);
setInterval(look, RETRY_MS);

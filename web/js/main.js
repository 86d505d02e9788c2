// Start of the page without a server: loads the styles, connects the parts, keeps the page for offline use.

import { Device } from "./device.js";
import { byId, setText } from "./dom.js";
import { Gallery, StyleShelf } from "./gallery.js";
import { notifyError } from "./notices.js";
import { addTexts, fillTexts, t } from "./strings.js";
import { TEXTS } from "./texts.js";
import { startTheme } from "./theme_button.js";

async function start() {
  addTexts(TEXTS);
  fillTexts(document);
  startTheme();
  setText(byId("place"), t("device.place"));
  keepForOffline();
  const { version, runtime, styles } = await (await fetch("styles.json")).json();
  setText(byId("version"), t("device.version", { version, runtime }));
  const shelf = new StyleShelf();
  new Gallery(shelf, byId("gallery"), "style");
  const device = new Device(shelf);
  shelf.show(styles);
  await device.painters.ready;
  document.body.dataset.ready = "";
}

/** Say so as soon as all files are on the device. */
async function keepForOffline() {
  if (!navigator.serviceWorker) return; // on http from another machine
  try {
    await navigator.serviceWorker.register("sw.js");
    await navigator.serviceWorker.ready;
    setText(byId("place"), t("device.place.offline"));
    byId("place").dataset.ready = "";
  } catch {
    // Private windows keep nothing.
  }
}

start().catch(notifyError);

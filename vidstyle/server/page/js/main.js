// Start of the page: connects the parts.

import { getServer } from "./api.js";
import { Create } from "./create.js";
import { byId, setText } from "./dom.js";
import { Gallery } from "./gallery.js";
import { JobStore } from "./jobs.js";
import { Live } from "./live.js";
import { announce, notifyError, startNotices } from "./notices.js";
import { Queue } from "./queue.js";
import { ResultView } from "./result.js";
import { present, router, startRouter } from "./router.js";
import { ServerShelf, startAddingStyles } from "./server_shelf.js";
import { authorize, watchSession } from "./session.js";
import { Settings } from "./settings.js";
import { fillTexts, t } from "./strings.js";
import { startTheme } from "./theme_button.js";

async function start() {
  fillTexts(document);
  startNotices();
  startTheme();
  startRouter();
  watchSession();
  navigator.serviceWorker?.register("sw.js").catch(() => undefined); // private windows have none
  await authorize();
  const { version, cores, formats, device_page } = await getServer();
  setText(byId("version"), t(cores === 1 ? "footer.version.one" : "footer.version", { version, cores }));
  showDevicePage(device_page);
  const shelf = new ServerShelf();
  const store = new JobStore();
  const gallery = new Gallery(shelf, byId("gallery"), "style");
  new Gallery(shelf, byId("live-gallery"), "live-style");
  const create = new Create(shelf, gallery, new Settings(shelf, formats), store);
  new Queue(store, shelf);
  new ResultView(store, shelf, create);
  new Live(shelf);
  startAddingStyles(shelf);
  watchConnection(store);
  await shelf.load();
  await Promise.all([store.start(), create.restore()]);
  document.body.dataset.ready = "";
  router.dispatchEvent(new CustomEvent("section", { detail: present() })); // now that the jobs are known
}

/**
 * Show the link to the page without a server, if the server gives it out.
 *
 * @param {string | null} address
 */
function showDevicePage(address) {
  const link = /** @type {HTMLAnchorElement} */ (byId("device"));
  link.hidden = address === null;
  if (address !== null) link.href = address;
}

/** @param {JobStore} store */
function watchConnection(store) {
  store.addEventListener("connection", () => {
    byId("connection").hidden = store.connected;
    if (store.connected) announce(t("connection.back"));
  });
}

start().catch(notifyError);

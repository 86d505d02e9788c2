// Service worker: keeps the page's own files for the time without a server; never the API's answers.

const CACHE = "shell";
const OFFLINE = "/offline.html";
const SHELL = [
  "/",
  OFFLINE,
  "/style.css",
  "/manifest.json",
  "/icons/icon.svg",
  "/icons/icon-192.png",
  "/icons/icon-512.png",
  "/icons/icon-maskable-512.png",
  "/js/api.js",
  "/js/camera.js",
  "/js/compare_slider.js",
  "/js/create.js",
  "/js/dom.js",
  "/js/files.js",
  "/js/format.js",
  "/js/gallery.js",
  "/js/jobs.js",
  "/js/jpeg_codec.js",
  "/js/live.js",
  "/js/live_socket.js",
  "/js/main.js",
  "/js/notices.js",
  "/js/offline.js",
  "/js/queue.js",
  "/js/recorder.js",
  "/js/result.js",
  "/js/router.js",
  "/js/server_shelf.js",
  "/js/session.js",
  "/js/settings.js",
  "/js/stage.js",
  "/js/strings.js",
  "/js/theme.js",
  "/js/theme_button.js",
  "/js/types.js",
  "/js/upload.js",
  "/js/webcodecs.js",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin || !SHELL.includes(pathname)) return;
  event.respondWith(answer(request));
});

/**
 * The server's file, so that a new version shows at once; the kept one without a server.
 *
 * @param {Request} request
 */
async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request);
    if (response.ok && !response.redirected && request.mode !== "navigate") await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request.mode === "navigate" ? OFFLINE : request);
    if (kept) return kept;
    throw error;
  }
}

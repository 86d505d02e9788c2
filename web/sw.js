// Service worker: keeps the whole page on the device, so that it works without a network.

importScripts("files.js"); // VERSION, FILES and RUNTIMES, written by tools/web_page.py

const CACHE = `vidstyle-${VERSION}`;
// Module with one instruction of relaxed SIMD: LiteRT.js has a runtime of its own for browsers that lack them.
const RELAXED_SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10,
  15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
]);
const RUNTIME = WebAssembly.validate(RELAXED_SIMD) ? RUNTIMES.relaxed : RUNTIMES.compatible;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([...FILES, ...RUNTIME])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  event.respondWith(answer(request));
});

/** Delete the files of other versions. */
async function forgetOthers() {
  const names = (await caches.keys()).filter((name) => name.startsWith("vidstyle-") && name !== CACHE);
  await Promise.all(names.map((name) => caches.delete(name)));
}

/**
 * The kept file, else the host's.
 *
 * @param {Request} request
 */
async function answer(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}

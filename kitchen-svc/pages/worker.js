// Answers for the server while it is away, so that a reload still shows the display and the taps that it keeps: with the
// page's own files, as they came last, and with nothing else. The server is always asked first.

const CACHE = "comanda.kitchen";
const OWN = /^\/(kitchen|assets)(\/|$)/;
/** A server that does not answer for so long is away. */
const PATIENCE_MS = 4000;

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const isOwn = event.request.method === "GET" && origin === location.origin && OWN.test(pathname);
  if (isOwn) event.respondWith(answer(event.request, pathname));
});

async function answer(request, pathname) {
  const fetching = fetch(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  const response = await Promise.race([fetching, late]).catch(() => null);
  // A gateway may answer for a server that is away.
  if (response && response.status < 500) return response;
  // Kept by its path alone: the rest of the address only says what the screen shows.
  return (await caches.match(pathname, { cacheName: CACHE })) ?? fetching;
}

// What a reload needs while the server is away: the files of the page, which the worker gives out then, and the tickets
// that were on the screen when the page was left.

const CACHE = "comanda.kitchen";
const OWN = /^\/(kitchen|assets)\//;
/** The manifest names it, and the browser asks for it whenever it likes. */
const ICON = "/assets/icon-app.svg";
const BOARD = "comanda.board";
/** Tickets of yesterday are no longer on anybody's mind. */
const AGE_MS_MAX = 12 * 3600_000;

/** Where the page came by HTTPS or from this machine: elsewhere browsers have no workers, and a reload needs the server. */
export async function keepPage() {
  if (!navigator.serviceWorker) return;
  try {
    await navigator.serviceWorker.register("/kitchen/worker.js", { scope: "/kitchen" });
    const linked = [...document.querySelectorAll("link")].map(({ href }) => href);
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const files = [...linked, ...loaded].map((address) => new URL(address));
    const own = files.filter(({ origin, pathname }) => origin === location.origin && OWN.test(pathname));
    const paths = new Set(["/kitchen", ICON, ...own.map(({ pathname }) => pathname)]);
    const cache = await caches.open(CACHE);
    // All of them or none: files of two versions do not fit together.
    await cache.addAll([...paths].map((path) => new Request(path, { cache: "no-cache" })));
  } catch {
    // The server is away, or the browser keeps nothing. What was kept before stays.
  }
}

/** `at_ms` is when they were last known to be so. */
export function keepTickets(location, tickets, at_ms) {
  try {
    localStorage.setItem(BOARD, JSON.stringify({ location, at_ms, tickets }));
  } catch {
    // Then a reload without the server shows none.
  }
}

/** `{tickets, at_ms}` of that kitchen, or null. */
export function keptTickets(location) {
  try {
    const kept = JSON.parse(localStorage.getItem(BOARD));
    return kept?.location === location && Date.now() - kept.at_ms < AGE_MS_MAX ? kept : null;
  } catch {
    return null;
  }
}

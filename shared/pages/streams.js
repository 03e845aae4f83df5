// The worker that all pages of a browser share: one stream for each address, however many pages follow it, and few of
// them. Under HTTP/1.1 a browser has six connections to a server, and what people do must find one that is free.

import { Stream } from "/assets/stream.js";

/** What is beyond them is polled by its page. */
const STREAMS_MAX = 3;
/** A page that gave no sign for so long was killed. Hidden ones give one a minute. */
const GONE_MS = 180_000;
const SWEEP_MS = 30_000;

/** By port: `{url, names, visible, signed_ms}`. */
const pages = new Map();
const streams = new Map();

addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => listen(port, data));
  port.start();
});
setInterval(sweep, SWEEP_MS);

/** A page says what it follows, and says so again as a sign of life; or that it leaves. */
function listen(port, { leaves, renew, ...page }) {
  const isNew = !pages.has(port);
  if (leaves) pages.delete(port);
  else pages.set(port, { ...page, signed_ms: performance.now() });
  // Whoever comes later needs a snapshot of his own.
  if (!leaves && isNew) close(page.url);
  arrange();
  if (renew) streams.get(page.url)?.renew();
  else if (page.visible) streams.get(page.url)?.hurry();
}

/** Opens what is followed and has room, first what somebody sees; closes the rest. */
function arrange() {
  const all = [...pages.values()];
  const wanted = new Set([...all.filter(({ visible }) => visible), ...all].map(({ url }) => url));
  const kept = [...wanted].slice(0, STREAMS_MAX);
  for (const url of streams.keys()) if (!kept.includes(url)) close(url);
  for (const url of kept) if (!streams.has(url)) open(url);
}

function open(url) {
  const names = followers(url).flatMap(([, page]) => page.names);
  const hear = (name, text) => followers(url).forEach(([port]) => port.postMessage([name, text]));
  streams.set(url, new Stream(url, names, hear));
}

function close(url) {
  streams.get(url)?.close();
  streams.delete(url);
}

function followers(url) {
  return [...pages].filter(([, page]) => page.url === url);
}

function sweep() {
  const now_ms = performance.now();
  for (const [port, { signed_ms }] of pages) if (now_ms - signed_ms > GONE_MS) pages.delete(port);
  arrange();
}

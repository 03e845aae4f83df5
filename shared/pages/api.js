// Talks to the published HTTP interface. An answer is an answer, also a refusal; only silence throws.

import { clock } from "/assets/clock.js";

const TIMEOUT_MS = 10_000;
/** A clock that differs by less may be right. */
const CLOCK_MS = 2_000;

/** Nobody answered: the request may or may not have arrived. Sending it again with the same key is safe. */
export class Unreachable extends Error {}

/** A fresh idempotency key. `crypto.randomUUID` is missing where a page comes by plain HTTP over a LAN. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Sends a request: `options` are `body` (anything JSON), `key` (an idempotency key), `headers`, `timeout_ms`.
 * Resolves to `{ok, status, body, headers, retry_after_ms}`; `body` is the parsed JSON (of a refusal: the problem) or null.
 */
export async function request(method, path, options = {}) {
  const timeout = AbortSignal.timeout(options.timeout_ms ?? TIMEOUT_MS);
  const headers = { accept: "application/json", ...options.headers };
  if (options.key) headers["idempotency-key"] = options.key;
  if (options.body !== undefined) headers["content-type"] = "application/json";
  try {
    const response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      cache: "no-store",
      signal: timeout,
    });
    hearTime(response);
    const answer = await read(response);
    if (response.status === 401) import("/assets/sign-in.js").then((page) => page.signIn(answer.body));
    return { ...answer, ok: response.ok, status: response.status, headers: response.headers };
  } catch (error) {
    throw new Unreachable(`${method} ${path}`, { cause: error });
  }
}

/** Whole seconds, and some time on the way: only a clock that is wrong is set by it. */
function hearTime(response) {
  const at_ms = Date.parse(response.headers.get("date") ?? "") + 500;
  if (Math.abs(at_ms - clock.now()) > CLOCK_MS) clock.hear(new Date(at_ms).toISOString());
}

async function read(response) {
  const text = await response.text();
  const retry_after_ms = 1000 * Number(response.headers.get("retry-after") ?? 0) || 0;
  try {
    return { body: text ? JSON.parse(text) : null, retry_after_ms };
  } catch {
    return { body: null, retry_after_ms };
  }
}

/** The headers of a change to what was seen: to that version and no other, or, without one, to nothing yet. */
export function over(version) {
  return version ? { "if-match": `"${version}"` } : { "if-none-match": "*" };
}

/** The last part of a problem's type: `ticket-void`; "" where the answer is no problem. */
export function problemName(answer) {
  const type = answer.body?.type;
  return typeof type === "string" ? type.replace(/^.*\//, "") : "";
}

/** Whether the same request may succeed later: the service is away or overloaded, it has not refused. */
export function isTransient(status) {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** All items of a list, page after page, at most `most` of them. Null where it cannot be had. */
export async function list(path, most = 10_000) {
  const items = [];
  const join = path.includes("?") ? "&" : "?";
  for (let after = ""; items.length < most; ) {
    const answer = await request("GET", `${path}${join}limit=500${after && `&after=${encodeURIComponent(after)}`}`);
    if (!answer.ok || !Array.isArray(answer.body?.items)) return null;
    items.push(...answer.body.items);
    after = answer.body.next;
    if (!after) break;
  }
  return items;
}

/**
 * Whether a service answers at this address too; true where nobody can tell. Where it runs alone, a page that asked
 * for what another service has would leave an error in the console of every browser.
 */
export async function isHere(service) {
  const answer = await request("GET", "/healthz/ready").catch(() => null);
  const services = answer?.body?.services;
  return services === undefined || service in services;
}

/** The locations that are on the order service's list; null where it is not here, or does not answer. */
export async function allLocations() {
  if (!(await isHere("order-svc"))) return null;
  return list("/v1/locations").catch(() => null);
}

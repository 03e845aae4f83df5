// Where everybody has to say who they are, a display shows a code until a manager has confirmed it, or somebody signs in.

import { el, setText } from "/assets/dom.js";
import { dialog } from "/assets/parts.js";
import { shared } from "/assets/text.js";

const ASK_MS = 2_000;
/** A code is good for ten minutes; then there is another one. */
const GOOD_MS = 9 * 60_000;
const text = shared.signIn;
let is_asked = false;

/** Asks once, however many requests are refused. `problem` may name where to sign in. */
export function signIn(problem) {
  if (is_asked) return;
  is_asked = true;
  const code = el("output", { class: "code" }, shared.loading);
  const provider = problem?.sign_in;
  const link = provider && el("a", { class: "button main", href: `${provider}?to=${encodeURIComponent(here())}` }, text.provider);
  const element = dialog(text.title, shared.close, el("div", { class: "body" }, el("p", {}, text.hint), code, link));
  element.addEventListener("close", () => location.reload());
  wait(code);
}

const here = () => location.pathname + location.search + location.hash;

/** Shows a code until it is confirmed. */
async function wait(code) {
  for (;;) {
    const waiting = await ask("POST", "/v1/pairings");
    if (waiting) setText(code, waiting.code);
    const asked_ms = performance.now();
    do {
      await new Promise((done) => setTimeout(done, ASK_MS));
      if (await ask("GET", "/v1/me")) return location.reload();
    } while (waiting && performance.now() - asked_ms < GOOD_MS);
  }
}

/** Null where it is refused, or nobody answers. */
async function ask(method, path) {
  try {
    const response = await fetch(path, { method, cache: "no-store" });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

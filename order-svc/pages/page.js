// What the views of the order page share: the top of the page, and what is said aloud.

import { byId, setAttribute, setText } from "/assets/dom.js";
import { text } from "/order/text.js";

const MARKS = { open: "✓", paused: "Ⅱ", closed: "✕" };

/** Reads it out to those who do not see it. */
export function say(sentence) {
  byId("said").textContent = sentence;
}

/** `back` is where the link at the top leads: `[label, address]`. */
export function head(title, { mode = null, back = null } = {}) {
  const [label, address] = back ?? [text.brand, "/order#locations"];
  setText(byId("heading"), title);
  setText(byId("brand"), label);
  setAttribute(byId("brand"), "href", address);
  byId("brand").classList.toggle("back", back !== null);
  document.title = `${title} · ${text.brand}`;
  showMode(mode);
}

function showMode(mode) {
  const badge = byId("mode");
  badge.hidden = mode === null;
  badge.className = `badge ${mode === "open" ? "good" : "warn"}`;
  setText(badge, mode === null ? "" : `${MARKS[mode]} ${text.mode[mode]}`);
}

/** What everybody must see, or nothing. */
export function banner(sentence, kind = "warn") {
  const element = byId("banner");
  element.hidden = !sentence;
  element.className = `banner ${kind}`;
  setText(element, sentence ?? "");
}

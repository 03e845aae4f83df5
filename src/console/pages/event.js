// One event, whole.

import { el, setText } from "/assets/dom.js";
import { dialog } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { ask } from "/console/ask.js";
import { text, timeOfEvent } from "/console/text.js";

/** `row` is what the list knows of it. */
export async function openEvent(row) {
  const body = el("div", { class: "body" }, el("p", { class: "quiet" }, shared.loading));
  const shown = dialog(row.type, shared.close, body);
  const { body: event, wrong } = await ask("GET", `/console/event/${row.feed}/${row.position}`);
  if (wrong) return body.replaceChildren(el("p", { class: "wrong", role: "alert" }, wrong));
  const trace = event.correlationid && el("a", { class: "button", href: `#trace/${encodeURIComponent(event.correlationid)}`, onclick: () => shown.close() }, text.event.trace);
  body.replaceChildren(
    el(
      "dl",
      { class: "facts" },
      ...fact(text.event.said, `${timeOfEvent(event.time)} · ${text.names[row.service]} · ${text.event.position(row.position)}`),
      ...fact(text.event.subject, `${event.subject} · ${text.event.version(event.sequence)}`),
    ),
    el("div", { class: "choices" }, trace, copyButton(() => pretty(event))),
    json(event),
  );
}

export function fact(name, value) {
  return [el("dt", {}, name), el("dd", {}, value)];
}

function pretty(value) {
  return JSON.stringify(value, null, 2);
}

/** The keyboard can scroll it. */
export function json(value) {
  return el("pre", { class: "json", tabindex: 0, "aria-label": text.event.whole }, typeof value === "string" ? value : pretty(value));
}

export function copyButton(words) {
  const button = el("button", { type: "button" }, text.event.copy);
  button.addEventListener("click", async () => {
    const copied = await navigator.clipboard?.writeText(words()).then(
      () => true,
      () => false,
    );
    setText(button, copied ? text.event.copied : text.event.notCopied);
  });
  return button;
}

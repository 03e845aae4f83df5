// Until when an item is out: a tap for the usual, a time for the rest.

import { clock } from "/assets/clock.js";
import { el } from "/assets/dom.js";
import { dialog } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { next } from "/assets/time.js";
import { text } from "/stock/text.js";

const HOUR_MS = 3_600_000;

/** By the clocks of that zone. `chosen` gets a time as RFC 3339, or null for until it is brought back. */
export function askUntil(name, timeZone, chosen) {
  const choose = (until_ms) => {
    element.close();
    chosen(until_ms === null ? null : new Date(until_ms).toISOString());
  };
  const { hour, three, day, open } = text.out.choices;
  const choices = [
    [open, () => null],
    [hour, () => clock.now() + HOUR_MS],
    [three, () => clock.now() + 3 * HOUR_MS],
    [day, () => next("00:00", timeZone)],
  ].map(([label, until]) => el("button", { type: "button", onclick: () => choose(until()) }, label));
  const time = el("input", { id: "until", type: "time", required: true });
  const form = el("form", { class: "field" }, el("label", { for: "until" }, text.out.time), el("div", { class: "with-unit" }, time, el("button", { type: "submit" }, text.out.timeSet)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(next(time.value, timeZone));
  });
  const element = dialog(text.out.untilWhen(name), shared.close, el("div", { class: "body" }, el("div", { class: "untils" }, ...choices), form));
}

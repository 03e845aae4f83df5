// Until when an item is out: a tap for the usual, a time for the rest.

import { el } from "/assets/dom.js";
import { clock } from "/assets/live.js";
import { dialog } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { text } from "/stock/text.js";

const HOUR_MS = 3_600_000;

/** `chosen` gets a time as RFC 3339, or null for until it is brought back. */
export function askUntil(name, chosen) {
  const choose = (until_ms) => {
    element.close();
    chosen(until_ms === null ? null : new Date(until_ms).toISOString());
  };
  const { hour, three, day, open } = text.out.choices;
  const choices = [
    [open, () => null],
    [hour, () => clock.now() + HOUR_MS],
    [three, () => clock.now() + 3 * HOUR_MS],
    [day, () => midnight()],
  ].map(([label, until]) => el("button", { type: "button", onclick: () => choose(until()) }, label));
  const time = el("input", { id: "until", type: "time", required: true });
  const form = el("form", { class: "field" }, el("label", { for: "until" }, text.out.time), el("div", { class: "with-unit" }, time, el("button", { type: "submit" }, text.out.timeSet)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose(next(time.value));
  });
  const element = dialog(text.out.untilWhen(name), shared.close, el("div", { class: "body" }, el("div", { class: "untils" }, ...choices), form));
}

function midnight() {
  return new Date(clock.now()).setHours(24, 0, 0, 0);
}

/** The next time that a clock shows it: today, or else tomorrow. */
function next(hoursAndMinutes) {
  const [hours, minutes] = hoursAndMinutes.split(":").map(Number);
  const today = new Date(clock.now()).setHours(hours, minutes, 0, 0);
  return today > clock.now() ? today : new Date(today).setDate(new Date(today).getDate() + 1);
}

// The words of the console, in the language of the page, and how it writes times and numbers.

import { LANGUAGE, language } from "/assets/language.js";
import { number } from "/assets/numbers.js";
import { timeOfDay } from "/assets/time.js";

export const { text } = await import(`/console/text.${language}.js`);

const MEASURES = {
  behind: { unit: "" },
  lag_s: { unit: "s", digits: 1 },
  pending: { unit: "" },
  oldest_s: { unit: "s", digits: 1 },
  said_per_s: { unit: "/s", digits: 1 },
  taken_in_per_s: { unit: "/s", digits: 1 },
  batch_inputs: { unit: "", digits: 1 },
  batch_ms: { unit: "ms", digits: 1 },
  http_per_s: { unit: "/s", digits: 1 },
  dead: { unit: "" },
};

/** Its title, and `show(value)`, which writes it with its unit. */
export function measure(name) {
  const { unit, digits = 0 } = MEASURES[name];
  const written = text.units[unit] ?? unit;
  return { title: text.measures[name], show: (value) => (value === null ? "–" : `${number(value, digits)}${unit === "/s" ? written : unit && ` ${written}`}`) };
}

const WITH_MILLISECONDS = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });

/** `18:42:03.123` of a time on the wire. */
export function timeOfEvent(time) {
  const at_ms = Date.parse(time);
  return Number.isFinite(at_ms) ? WITH_MILLISECONDS.format(at_ms) : time;
}

const DAY = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short" });

/** `25 Nov 18:42` */
export function moment(time) {
  const at_ms = Date.parse(time);
  return `${DAY.format(at_ms)} ${timeOfDay(at_ms)}`;
}

/** `0.4 ms`, `3 ms`, `1.2 s`, `12 min` */
export function span(ms) {
  if (ms < 10) return `${number(ms, 1)} ${text.units.ms}`;
  if (ms < 1000) return `${number(ms)} ${text.units.ms}`;
  if (ms < 120_000) return `${number(ms / 1000, 1)} ${text.units.s}`;
  return `${number(ms / 60_000)} ${text.units.min}`;
}

const KINDS = { repeated: "warn", late: "warn", refused: "bad", conflicting: "bad" };

/** A step of a trace in words. */
export function stepWords({ service, what, by, lag_ms, outcome, said }) {
  const { names, steps } = text;
  const name = names[service];
  const source = names[by] ?? (by === "anonymous" ? steps.somebody : by);
  const isOwn = by === service;
  const told = lag_ms !== null ? steps.told(name, source, span(lag_ms)) : isOwn ? steps.itself(name) : steps.asked(name, source);
  const mark = outcome === "decided" ? null : { kind: KINDS[outcome] ?? "bad", words: steps.marks[outcome] ?? `✕ ${outcome.replaceAll("_", " ")}` };
  return { title: what, told, mark, said: said.length ? steps.said(name, said.map(({ type }) => type).join(", ")) : "" };
}

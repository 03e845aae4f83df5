// Quantities: whole base units (g, ml, pieces) in the books, kilograms and litres for people.

import { SIGNED } from "/assets/language.js";
import { number, readings } from "/assets/numbers.js";
import { text } from "/stock/text.js";

const LARGE = { g: "kg", ml: "l" };

/** 850 g, 12.4 kg, 12 */
export function quantity(value, unit) {
  const large = LARGE[unit];
  if (!large) return number(value);
  return Math.abs(value) >= 1000 ? `${number(value / 1000, 2)} ${text.units[large]}` : `${number(value)} ${text.units[unit]}`;
}

/** With its sign: +5 kg, −300 g. */
export function signed(value, unit) {
  return `${SIGNED}${value < 0 ? "−" : "+"}${quantity(Math.abs(value), unit)}`;
}

/** In what it may be entered, the usual one first: `[label, base units]`. */
export function entryUnits(unit) {
  const large = LARGE[unit];
  return large ? [[text.units[large], 1000], [text.units[unit], 1]] : [["", 1]];
}

/** What is typed as base units: two where it can be read two ways, none where it is no number or not whole. */
export function parse(typed, factor) {
  const values = readings(typed).map((value) => value * factor);
  return values.filter((value) => Math.abs(value - Math.round(value)) < 1e-6).map(Math.round);
}

/** Amounts that are entered with one tap, in base units. */
export function handful(kind, unit) {
  if (unit === "each") return kind === "receive" ? [1, 6, 12, 24] : [1, 2, 5, 10];
  return kind === "receive" ? [500, 1000, 5000, 10_000] : [50, 100, 500, 1000];
}

// Money, times and quantities as the page writes them.

import { digitsOf, number } from "/assets/numbers.js";
import { LANGUAGE } from "/assets/language.js";
import { duration } from "/assets/text.js";
import { text } from "/day/text.js";

const LARGE = { g: "kg", ml: "l" };
/** Beyond this the axis of a chart says thousands and millions. */
const COMPACT = 10_000;

/** On an axis, where nobody wants to read pence. */
export function roughMoney(amount, currency) {
  const value = amount / 10 ** digitsOf(currency);
  const digits = value % 1 ? digitsOf(currency) : 0;
  const notation = value >= COMPACT ? { notation: "compact" } : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(LANGUAGE, { style: "currency", currency, currencyDisplay: "narrowSymbol", ...notation }).format(value);
}

/** 850 g, 12.4 kg, 12 */
export function quantity(value, unit) {
  const large = LARGE[unit];
  if (!large) return number(value);
  return Math.abs(value) >= 1000 ? `${number(value / 1000, 2)} ${text.units[large]}` : `${number(value)} ${text.units[unit]}`;
}

/** 12:40, or a dash where there is none. */
export function took(ms) {
  return ms === null ? "–" : duration(ms);
}

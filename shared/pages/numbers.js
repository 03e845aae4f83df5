// Numbers and money as people write them, and as people type them.

import { FORWARD, LANGUAGE } from "/assets/language.js";

/** By ISO 4217: how many digits the minor unit has, where it is not two. Browsers have other ideas of some. */
const DIGITS = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};
const digitsByCode = new Map(Object.entries(DIGITS).flatMap(([digits, codes]) => codes.split(" ").map((code) => [code, Number(digits)])));

/** How many digits the minor unit of a currency has. */
export function digitsOf(currency) {
  return digitsByCode.get(currency) ?? 2;
}

/** `1,050`, `12.4` */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: digits }).format(value);
}

/** `{amount: 1250, currency: "GBP"}` as people write it. */
export function money({ amount, currency }) {
  const digits = digitsOf(currency);
  // A sign of its own, as `UK£` in Arabic, would be turned around.
  const currencyDisplay = FORWARD < 0 ? "narrowSymbol" : "symbol";
  const format = new Intl.NumberFormat(LANGUAGE, { style: "currency", currency, currencyDisplay, minimumFractionDigits: digits, maximumFractionDigits: digits });
  return format.format(amount / 10 ** digits);
}

/** Between groups of three digits, whatever the country. */
const SPACES = /[\s'’]/g;

/**
 * What somebody means who types `1.5`, `1,5` or `1 000,50`: `[1.5]`; `[1, 1000]` where it can be read two ways, as
 * `1,000` and `1.000`; and `[]` where it is no number.
 */
export function readings(typed) {
  const text = typed.trim();
  if (/[\s'’]/.test(text) && !/^\d{1,3}([\s'’]\d{3})+([.,]\d*)?$/.test(text)) return [];
  const plain = text.replace(SPACES, "");
  if (/^\d+$/.test(plain)) return [Number(plain)];
  if (/^[1-9]\d{0,2}[.,]\d{3}$/.test(plain) && plain === text) return [Number(plain.replace(",", ".")), Number(plain.replace(/[.,]/, ""))];
  if (/^\d*[.,]\d+$|^\d+[.,]$/.test(plain)) return [Number(plain.replace(",", "."))];
  // Both signs: the last is the point. One sign more than once: there is none.
  const [, whole, , group, fraction] = /^(\d{1,3}(([.,])\d{3})(?:\3\d{3})*)(?!\3)([.,]\d*)$/.exec(plain) ?? [];
  if (whole && fraction) return [Number(whole.replaceAll(group, "") + fraction.replace(",", "."))];
  if (/^\d{1,3}(\.\d{3}){2,}$|^\d{1,3}(,\d{3}){2,}$/.test(plain)) return [Number(plain.replace(/[.,]/g, ""))];
  return [];
}

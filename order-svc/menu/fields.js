// The fields of an item: each has an element, and a value that is read and written as the interface has it.

import { el } from "/assets/dom.js";
import { LANGUAGE } from "/assets/language.js";
import { digitsOf, readings } from "/assets/numbers.js";
import { limit } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { text } from "/menu/text.js";

export function line(name, label, { most, hint, optional = false, rows = 0, list = null, ...attributes } = {}) {
  const id = `item-${name}`;
  const described = hint && `${id}-hint`;
  const input = rows
    ? el("textarea", { id, rows, "aria-describedby": described, ...attributes })
    : el("input", { id, type: "text", autocomplete: "off", "aria-describedby": described, list: list && `${id}-list`, ...attributes });
  const title = el("label", { for: id }, label, optional && el("span", { class: "quiet optional" }, text.form.optional));
  const long = limit(input, most, shared.tooLong);
  const options = list && el("datalist", { id: `${id}-list` }, ...list.map((value) => el("option", { value })));
  const element = el("div", { class: "field" }, title, input, options, hint && el("span", { class: "quiet", id: `${id}-hint` }, hint), long.element);
  return {
    element,
    input,
    get: () => input.value.trim() || null,
    set: (value) => {
      input.value = value ?? "";
      long.show();
    },
    fits: long.fits,
  };
}

/** In minor units, or as it was typed where that is no price. */
export function price(currency) {
  const field = line("price", text.form.price(currency), { most: 20, inputmode: "decimal" });
  const digits = digitsOf(currency);
  const written = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
  const get = () => {
    const [value, second] = readings(field.input.value);
    const amount = Math.round((value ?? NaN) * 10 ** digits);
    const isPrice = second === undefined && Math.abs(amount - value * 10 ** digits) < 1e-6;
    return isPrice ? amount : field.input.value;
  };
  const set = (amount) => (field.input.value = typeof amount === "number" ? written.format(amount / 10 ** digits) : (amount ?? ""));
  /** What is wrong with it, or null. */
  const wrong = () => {
    if (typeof get() === "number") return null;
    const found = readings(field.input.value);
    if (found.length > 1) return text.form.priceTwoWays(field.input.value.trim());
    return found.length === 1 ? text.form.priceTooFine(currency, digits) : text.form.priceWrong;
  };
  return { ...field, get, set, wrong };
}

export function select(name, label, options) {
  const id = `item-${name}`;
  const input = el("select", { id }, ...options.map(([value, words]) => el("option", { value }, words)));
  return { element: el("div", { class: "field" }, el("label", { for: id }, label), input), input, get: () => input.value, set: (value) => (input.value = value ?? "") };
}

/** Any of the words: `[[value, label]]`. */
export function words(label, hint, options) {
  const boxes = options.map(([value, name]) => {
    const box = el("input", { type: "checkbox", value });
    return { box, value, element: el("label", { class: "choice" }, box, name) };
  });
  const element = el("fieldset", { class: "words" }, el("legend", {}, label), hint && el("p", { class: "quiet" }, hint), el("div", { class: "choices" }, ...boxes.map((one) => one.element)));
  // What nobody here knows is kept as it is.
  let others = [];
  return {
    element,
    input: boxes[0]?.box,
    get: () => [...boxes.filter(({ box }) => box.checked).map(({ value }) => value), ...others],
    set: (values) => {
      for (const { box, value } of boxes) box.checked = (values ?? []).includes(value);
      others = (values ?? []).filter((value) => !boxes.some((one) => one.value === value));
    },
  };
}

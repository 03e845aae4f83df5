// Drawings of a day: bars by the hour, shares in a row, and when something was so. They are never alone: the same stands
// in a table, and the drawing says in words what it shows. Colour is never all that tells two things apart.

import { el, setAttribute } from "/assets/dom.js";

/** About as wide as a column of the page, so that letters keep their size. */
export const phone = matchMedia("(max-width: 40rem)");
const WIDTH = 480;
const WIDTH_ON_PHONE = 330;
const HEIGHT = 200;
const MARGIN = { right: 10, top: 12, bottom: 26 };
/** A label of an hour takes so much, and a letter of an axis. */
const LABEL = 46;
const LETTER = 8;
const LINES = 4;

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter(Boolean));
  return element;
}

/**
 * Bars that stand on each other, one of each `series` (`{kind, values}`) for every hour. `hours` are their names, `label` says
 * what is to be seen, `words(value)` names a height, `tip(index)` an hour. `most` is at least as high as any of them;
 * `unit`: lines lie at whole multiples of it.
 */
export function bars({ hours, series, label, words, tip, most, unit = 1 }) {
  const wide = phone.matches ? WIDTH_ON_PHONE : WIDTH;
  const [right, bottom] = [wide - MARGIN.right, HEIGHT - MARGIN.bottom];
  const step = niceStep(most / LINES, unit);
  const top = step * Math.max(1, Math.ceil(most / step));
  const y = (value) => round(bottom - (value / top) * (bottom - MARGIN.top));
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, nth) => nth * step);
  const left = 12 + LETTER * Math.max(...lines.map((value) => words(value).length));
  const width = (right - left) / hours.length;
  const x = (index) => round(left + index * width);
  const every = Math.ceil(LABEL / width);
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${wide} ${HEIGHT}`, role: "img", "aria-label": label },
    ...lines.map((value) => svg("path", { class: value ? "rule" : "axis", d: `M${left},${y(value)}H${right}` })),
    ...lines.map((value) => letters(left - 6, y(value) + 4, "end", words(value))),
    ...hours.map((_, index) => column(series, index, x(index), width, y, tip(index))),
    ...hours.map((hour, index) => index % every === 0 && letters(x(index) + width / 2, HEIGHT - 8, "middle", hour)),
  );
}

function column(series, index, left, width, y, tip) {
  const gap = Math.min(6, width * 0.2);
  const wide = Math.min(width - gap, 56);
  let under = 0;
  const parts = series.map(({ kind, values }) => {
    const value = values[index] ?? 0;
    const [from, to] = [under, under + value];
    under = to;
    return value > 0 && svg("rect", { class: kind, x: round(left + (width - wide) / 2), y: y(to), width: round(wide), height: Math.max(1, round(y(from) - y(to))) });
  });
  return svg("g", {}, svg("title", {}, tip), ...parts);
}

/** 1, 2 or 5 of a power of ten, and never a fraction of the unit. */
function niceStep(least, unit) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= least);
  return Math.max(unit, Math.ceil(step / unit - 1e-9) * unit);
}

function letters(x, y, anchor, words) {
  return svg("text", { x: round(x), y: round(y), "text-anchor": anchor }, words);
}

function round(value) {
  return Math.round(value * 10) / 10;
}

/** How much of the most it is. The number stands beside it. */
export function share(value, most, kind) {
  const wide = most > 0 ? Math.max(value > 0 ? 1 : 0, (100 * value) / most) : 0;
  return svg(
    "svg",
    { class: "strip", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "ground", width: 100, height: 10 }),
    svg("rect", { class: kind, width: round(wide), height: 10 }),
  );
}

/** When it was so, between two moments. The times stand beside it. */
export function strip(absences, from_ms, to_ms) {
  const x = (at) => Math.min(1000, Math.max(0, (1000 * (Date.parse(at) - from_ms)) / (to_ms - from_ms)));
  const part = ({ from, to, cause }) => svg("rect", { class: cause, x: round(x(from)), width: Math.max(3, round(x(to) - x(from))), height: 10 });
  return svg(
    "svg",
    { class: "strip", viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "ground", width: 1000, height: 10 }),
    ...absences.map(part),
  );
}

/** What the bars of a chart stand for: `[kind, words]`. */
export function legend(entries) {
  const mark = (kind) => svg("svg", { class: "mark", viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("rect", { class: kind, x: 1, y: 1, width: 14, height: 14 }));
  return el("ul", { class: "legend" }, ...entries.map(([kind, words]) => el("li", {}, mark(kind), words)));
}

// Small drawings: the level of an ingredient, and what was on hand over time. Each has its words beside it.

import { el, setAttribute } from "/assets/dom.js";
import { moment } from "/assets/time.js";
import { text } from "/stock/text.js";
import { quantity } from "/stock/units.js";

const WIDTH_MIN = 300;
const HEIGHT = 220;
const MARGIN = { left: 8, right: 8, top: 28, bottom: 28 };
const MARKS = { receive: "M0,-7 7,6 -7,6Z", count: "M0,-6 6,0 0,6 -6,0Z", waste: "M0,7 7,-6 -7,-6Z" };

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.filter(Boolean));
  return element;
}

/** How much is available, with the low mark in the first third. The numbers stand beside it. */
export function bar({ available, reorder_point: mark, low }) {
  if (mark === null || mark === 0) return el("span", {});
  const share = Math.min(1, Math.max(0, available / (3 * mark)));
  return svg(
    "svg",
    { class: low ? "bar low" : "bar", viewBox: "0 0 90 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect", { class: "ground", width: 90, height: 8, rx: 2 }),
    svg("rect", { class: "fill", width: 90 * share, height: 8, rx: 2 }),
    svg("rect", { class: "mark", x: 29, width: 2, height: 8 }),
  );
}

/** `movements` newest first; `width` in pixels, so that letters keep their size. */
export function chart(item, movements, timezone, width) {
  if (movements.length < 2) return el("p", { class: "quiet" }, text.chart.tooFew);
  const right = Math.max(width, WIDTH_MIN) - MARGIN.right;
  const points = [...movements].reverse().map(({ at, on_hand, kind }) => ({ at: Date.parse(at), on_hand, kind }));
  const levels = points.map((point) => point.on_hand);
  const [least, most] = [Math.min(0, ...levels), Math.max(1, item.reorder_point ?? 0, ...levels)];
  const [first, last] = [points[0], points.at(-1)];
  const x = scale(first.at, last.at, MARGIN.left, right);
  const y = scale(least, most, HEIGHT - MARGIN.bottom, MARGIN.top);
  const amount = (value) => quantity(value, item.unit);
  const summary = text.chart.summary(
    item.name,
    moment(first.at, timezone),
    amount(first.on_hand),
    moment(last.at, timezone),
    amount(last.on_hand),
    amount(Math.min(...levels)),
    amount(Math.max(...levels)),
  );
  return svg(
    "svg",
    { class: "chart", viewBox: `0 0 ${right + MARGIN.right} ${HEIGHT}`, role: "img", "aria-label": summary },
    svg("path", { class: "area", d: `${steps(points, x, y)}V${y(0)}H${x(first.at)}Z` }),
    svg("path", { class: "axis", d: `M${MARGIN.left},${y(0)}H${right}` }),
    ...lowLine(item, y, amount, right),
    svg("path", { class: "line", d: steps(points, x, y) }),
    ...points.filter(({ kind }) => MARKS[kind]).map((point) => dot(point, x, y)),
    label(MARGIN.left, MARGIN.top - 10, "start", amount(most)),
    label(MARGIN.left, HEIGHT - 6, "start", moment(first.at, timezone)),
    label(right, HEIGHT - 6, "end", moment(last.at, timezone)),
  );
}

function scale(from, to, start, end) {
  const span = to - from || 1;
  return (value) => Math.round((start + ((value - from) / span) * (end - start)) * 10) / 10;
}

/** Stock stays what it is until the next movement. */
function steps(points, x, y) {
  return points.map(({ at, on_hand }, place) => (place ? `H${x(at)}V${y(on_hand)}` : `M${x(at)},${y(on_hand)}`)).join("");
}

function dot({ at, on_hand, kind }, x, y) {
  return svg("path", { class: `dot ${kind}`, d: MARKS[kind], transform: `translate(${x(at)} ${y(on_hand)})` });
}

function lowLine({ reorder_point: mark }, y, amount, right) {
  if (mark === null) return [];
  const line = svg("path", { class: "low-line", d: `M${MARGIN.left},${y(mark)}H${right}` });
  return [line, label(right, y(mark) - 6, "end", `${text.chart.low} ${amount(mark)}`)];
}

function label(x, y, anchor, words) {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = words;
  return element;
}

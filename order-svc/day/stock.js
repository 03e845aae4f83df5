// What could not be had, and when; what was thrown away, and why.

import { el } from "/assets/dom.js";
import { money, number } from "/assets/numbers.js";
import { shared } from "/assets/text.js";
import { timeOfDay } from "/assets/time.js";
import { legend, share, strip } from "/day/chart.js";
import { quantity } from "/day/format.js";
import { table } from "/day/table.js";
import { text } from "/day/text.js";

/** More than these are told in a sum. */
const ABSENCES_MAX = 6;
const HOUR_MS = 3_600_000;

/** `hours` are those that are shown of the day, or null: then it is all of it. */
export function soldOutPart(day, hours) {
  const heading = el("h3", {}, text.soldOut.heading);
  const { stock, sales } = day;
  if (!stock) return el("section", {}, heading, el("p", { class: "quiet" }, day.elsewhere.has("inventory-svc") ? text.soldOut.elsewhere : text.noAnswer));
  if (stock.sold_out.length === 0) return el("section", {}, heading, el("p", { class: "quiet" }, text.soldOut.none));
  const [from_ms, to_ms] = hours ? [hours.from_ms, hours.to_ms] : [Date.parse(sales.from), Date.parse(sales.to)];
  const time = (at) => timeOfDay(at, day.place.timezone);
  const rows = stock.sold_out.map(({ sku, minutes, lasts, absences }) => [
    day.nameOf(sku),
    [strip(absences, from_ms, to_ms), el("span", { class: "more" }, times(absences, lasts, time))],
    minutes === 0 ? text.soldOut.short : text.soldOut.long(number(Math.floor(minutes / 60)), number(minutes % 60)),
  ]);
  const causes = ["count", "manual"].filter((cause) => stock.sold_out.some(({ absences }) => absences.some((one) => one.cause === cause)));
  return el(
    "section",
    {},
    heading,
    el("div", { class: "card" }, table(text.soldOut.heading, [text.soldOut.item, [text.soldOut.when, scale(from_ms, to_ms, time)], text.soldOut.time], rows, [1]), legend(causes.map((cause) => [cause, text.soldOut.causes[cause]]))),
  );
}

/** What the times of day are along the strips. */
function scale(from_ms, to_ms, time) {
  const hours = Math.round((to_ms - from_ms) / HOUR_MS);
  const step = Math.ceil(hours / 4);
  // One at the very end would be cut off.
  const moments = Array.from({ length: Math.ceil(hours / step) }, (_, nth) => nth * step).filter((hour) => hour / hours < 0.85);
  const mark = (hour) => {
    const element = el("span", {}, time(from_ms + hour * HOUR_MS));
    element.style.insetInlineStart = `${(100 * hour) / hours}%`;
    return element;
  };
  return el("span", { class: "scale", "aria-hidden": "true" }, ...moments.map(mark));
}

function times(absences, lasts, time) {
  const one = ({ from, to, cause }, at) => {
    const isNow = lasts && at === absences.length - 1;
    return text.soldOut.absence(time(Date.parse(from)), isNow ? null : time(Date.parse(to)), text.soldOut.causes[cause]);
  };
  const told = absences.slice(0, ABSENCES_MAX).map(one);
  const all = shared.list(told);
  return absences.length > told.length ? text.soldOut.more(all, number(absences.length - told.length)) : all;
}

export function wastePart({ stock, sales, elsewhere }) {
  if (!stock) return elsewhere.has("inventory-svc") ? null : el("section", {}, el("h3", {}, text.waste.heading), el("p", { class: "quiet" }, text.noAnswer));
  if (stock.waste.length === 0) return el("section", {}, el("h3", {}, text.waste.heading), el("p", { class: "quiet" }, text.waste.none));
  const { currency } = sales;
  const cost = (amount) => (amount === null ? text.waste.unknown : money({ amount, currency }));
  const most = Math.max(...stock.waste.map((one) => one.cost ?? 0));
  const why = ({ reasons, unit }) => shared.list(reasons.map(({ reason, quantity: amount }) => text.waste.reason(reason, quantity(amount, unit))));
  const rows = stock.waste.map((one) => [
    [one.name, el("span", { class: "more" }, why(one))],
    [one.cost !== null && share(one.cost, most, "waste"), quantity(one.quantity, one.unit)],
    cost(one.cost),
  ]);
  return el(
    "section",
    {},
    el("h3", {}, text.waste.heading),
    stock.waste.some((one) => one.cost !== null) && el("p", { class: "quiet" }, text.waste.hint),
    el("div", { class: "card" }, table(text.waste.heading, [text.waste.ingredient, text.waste.quantity, text.waste.cost], rows, [1])),
  );
}

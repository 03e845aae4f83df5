// A day, drawn anew when something of it has changed.

import { el } from "/assets/dom.js";
import { money, number } from "/assets/numbers.js";
import { swap } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { fullDate, timeOfDay } from "/assets/time.js";
import { phone } from "/day/chart.js";
import { took } from "/day/format.js";
import { shownHours } from "/day/hours.js";
import { kitchenPart } from "/day/kitchen.js";
import { rejectionsPart, salesPart } from "/day/sales.js";
import { soldOutPart, wastePart } from "/day/stock.js";
import { text } from "/day/text.js";

export function showDay(main, day) {
  const { sales, kitchen, stock } = day;
  const state = JSON.stringify([sales, kitchen, stock, [...day.names], day.isOver, phone.matches]);
  if (main.dataset.shown === state && main.querySelector(".day")) return asOf(main, day);
  main.dataset.shown = state;
  const hours = shownHours(day);
  const body = el(
    "div",
    { class: "day" },
    heading(day),
    hours === null ? el("p", { class: "empty" }, text.empty(day.isToday, day.isAhead)) : figures(day),
    hours && salesPart(day, hours),
    hours && kitchenPart(day, hours),
    hours && rejectionsPart(day),
    soldOutPart(day, hours),
    wastePart(day),
  );
  swap(main, body);
  asOf(main, day);
}

function heading({ sales, place }) {
  const time = (at) => timeOfDay(Date.parse(at), place.timezone);
  return el(
    "header",
    { class: "head" },
    el("h2", {}, el("span", { class: "on-paper" }, `${place.name} · `), fullDate(sales.date)),
    el("p", { class: "quiet" }, el("span", {}, text.fromTo(time(sales.from), time(sales.to))), el("span", { class: "as-of" })),
  );
}

/** The only thing that each look at it changes. */
function asOf(main, day) {
  main.querySelector(".as-of").textContent = day.isToday && day.read_at ? ` · ${text.asOf(timeOfDay(day.read_at, day.place.timezone))}` : "";
}

/** What it came to, as far as anybody knows. */
function waste({ waste: all, waste_cost: cost }, amount) {
  const isKnown = all.some((one) => one.cost !== null);
  if (all.length > 0 && !isKnown) return ["–", text.figures.noCost];
  return [amount(cost), all.some((one) => one.cost === null) && text.figures.atLeast];
}

/** What most people want to know, at a glance. */
function figures({ sales, kitchen, stock }) {
  const { sold, undecided, rejected, cancelled, currency, other_revenue: other } = sales;
  const all = sold.orders + undecided.orders + rejected.orders + cancelled.orders;
  const amount = (value) => money({ amount: value, currency });
  const entries = [
    [text.figures.revenue, amount(sold.amount), other.length > 0 && text.figures.also(shared.list(other.map(money)))],
    [text.figures.orders, number(sold.orders), undecided.orders > 0 && text.figures.undecided(number(undecided.orders))],
    [text.figures.average, sold.orders > 0 ? amount(Math.round(sold.amount / sold.orders)) : "–"],
    kitchen && [text.figures.preparation, took(kitchen.average_ms), kitchen.tickets > 0 && text.figures.longest(took(kitchen.longest_ms))],
    [text.figures.rejected, number(rejected.orders), rejected.orders > 0 && text.figures.share(number((100 * rejected.orders) / all, 1))],
    [text.figures.cancelled, number(cancelled.orders)],
    stock && [text.figures.soldOut, number(stock.sold_out.length), text.figures.items()],
    stock && [text.figures.waste, ...waste(stock, amount)],
  ];
  const one = ([name, value, more]) => el("div", { class: "card" }, el("dt", {}, name), el("dd", {}, value, more && el("span", { class: "more" }, more)));
  return el("dl", { class: "figures" }, ...entries.filter(Boolean).map(one));
}

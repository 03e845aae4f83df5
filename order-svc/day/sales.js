// What was ordered, by the hour, and why orders were rejected.

import { el } from "/assets/dom.js";
import { digitsOf, money, number } from "/assets/numbers.js";
import { shared } from "/assets/text.js";
import { bars, legend, share } from "/day/chart.js";
import { roughMoney } from "/day/format.js";
import { behind, table } from "/day/table.js";
import { text } from "/day/text.js";

const KINDS = ["sold", "undecided", "rejected", "cancelled"];

export function salesPart({ sales }, { begin, end, names }) {
  const { currency } = sales;
  const hours = sales.hours.slice(begin, end);
  const amount = (value) => money({ amount: value, currency });
  const kinds = KINDS.filter((kind) => kind === "sold" || sales[kind].orders > 0);
  const revenue = hours.map(({ sold }) => sold.amount);
  const counts = hours.map((hour) => kinds.reduce((sum, kind) => sum + hour[kind].orders, 0));
  const best = revenue.indexOf(Math.max(...revenue));
  const most = counts.indexOf(Math.max(...counts));
  const unit = 10 ** digitsOf(currency);
  const revenueChart = bars({
    hours: names,
    series: [{ kind: "sold", values: revenue }],
    label: text.sales.revenueLabel(amount(sales.sold.amount), names[best], amount(revenue[best])),
    words: (value) => roughMoney(value, currency),
    tip: (index) => text.sales.tip(names[index], amount(revenue[index])),
    most: Math.max(...revenue, unit),
    unit,
  });
  const ordersChart = bars({
    hours: names,
    series: kinds.map((kind) => ({ kind, values: hours.map((hour) => hour[kind].orders) })),
    label: text.sales.ordersLabel(number(sales.sold.orders), names[most], number(counts[most])),
    words: number,
    tip: (index) => text.sales.tip(names[index], shared.list(kinds.map((kind) => text.sales.count[kind](number(hours[index][kind].orders))))),
    most: Math.max(...counts, 4),
  });
  const row = (hour, index) => [names[index], amount(hour.sold.amount), ...kinds.map((kind) => number(hour[kind].orders))];
  const heads = [text.hour, text.sales.revenue, ...kinds.map((kind) => text.sales.kinds[kind])];
  return el(
    "section",
    {},
    el("h3", {}, text.sales.heading),
    el(
      "div",
      { class: "charts" },
      el("figure", { class: "card" }, el("figcaption", {}, text.sales.revenue), revenueChart),
      el("figure", { class: "card" }, el("figcaption", {}, text.sales.orders), ordersChart, kinds.length > 1 && legend(kinds.map((kind) => [kind, text.sales.kinds[kind]]))),
    ),
    behind("sales", text.sales.heading, heads, hours.map(row)),
  );
}

export function rejectionsPart(day) {
  const { rejections, currency } = day.sales;
  if (rejections.length === 0) return el("section", {}, el("h3", {}, text.rejections.heading), el("p", { class: "quiet" }, text.rejections.none));
  const most = Math.max(...rejections.map(({ orders }) => orders));
  const short = (items) => shared.list(items.map(({ sku, orders }) => text.rejections.item(day.nameOf(sku), number(orders))));
  const rows = rejections.map(({ reason, orders, amount, items }) => [
    [text.rejections.reason(reason), items.length > 0 && el("span", { class: "more" }, short(items))],
    [share(orders, most, "rejected"), number(orders)],
    money({ amount, currency }),
  ]);
  const heads = [text.rejections.why, text.rejections.orders, text.rejections.amount];
  return el("section", {}, el("h3", {}, text.rejections.heading), el("div", { class: "card" }, table(text.rejections.heading, heads, rows, [1])));
}

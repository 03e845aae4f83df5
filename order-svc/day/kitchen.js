// How long the kitchen took, by station and by the hour: beside each other, on the same scale.

import { el } from "/assets/dom.js";
import { number } from "/assets/numbers.js";
import { words } from "/assets/text.js";
import { bars } from "/day/chart.js";
import { took } from "/day/format.js";
import { behind } from "/day/table.js";
import { text } from "/day/text.js";

const MINUTE_MS = 60_000;

export function kitchenPart({ kitchen, elsewhere }, { begin, end, names }) {
  const heading = el("h3", {}, text.kitchen.heading);
  if (!kitchen) return el("section", {}, heading, el("p", { class: "quiet" }, elsewhere.has("kitchen-svc") ? text.kitchen.elsewhere : text.noAnswer));
  if (kitchen.tickets === 0 && kitchen.stations.every(({ tickets }) => tickets === 0)) return el("section", {}, heading, el("p", { class: "quiet" }, text.kitchen.none));
  const stations = kitchen.stations.filter(({ tickets }) => tickets > 0);
  // One station alone is the whole kitchen.
  const all = { ...kitchen, name: text.kitchen.whole };
  const parts = [all, ...(stations.length > 1 ? stations : [])].map((part) => ({ ...part, name: part.name ?? words(part.station), hours: part.hours.slice(begin, end) }));
  const most = Math.max(...parts.flatMap(({ hours }) => hours.map((hour) => hour.average_ms ?? 0)));
  const chart = (part) =>
    el(
      "figure",
      { class: "card" },
      el("figcaption", {}, part.name, el("span", { class: "more" }, text.kitchen.sum(number(part.tickets), took(part.average_ms), took(part.longest_ms)))),
      bars({
        hours: names,
        series: [{ kind: "cooked", values: part.hours.map((hour) => (hour.average_ms ?? 0) / MINUTE_MS) }],
        label: text.kitchen.label(part.name, number(part.tickets), took(part.average_ms), took(part.longest_ms)),
        words: (minutes) => text.minutes(number(minutes)),
        tip: (index) => text.kitchen.tip(names[index], took(part.hours[index].average_ms), number(part.hours[index].tickets)),
        most: Math.max(most / MINUTE_MS, 1),
      }),
    );
  const cell = ({ average_ms: average, tickets }) => (tickets === 0 ? "–" : text.kitchen.cell(took(average), number(tickets)));
  const rows = names.map((name, index) => [name, ...parts.map(({ hours }) => cell(hours[index]))]);
  return el(
    "section",
    {},
    heading,
    el("p", { class: "quiet" }, text.kitchen.hint),
    el("div", { class: "charts" }, ...parts.map(chart)),
    behind("kitchen", text.kitchen.heading, [text.hour, ...parts.map(({ name }) => name)], rows),
  );
}

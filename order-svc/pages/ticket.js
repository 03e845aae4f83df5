// An order as its guest sees it: the number, how far it is, what is in it.

import { el } from "/assets/dom.js";
import { money } from "/assets/numbers.js";
import { moment } from "/assets/time.js";
import { modifier, shared } from "/assets/text.js";
import { icon } from "/order/icons.js";
import { text } from "/order/text.js";

const STEPS = ["placed", "accepted", "preparing", "ready", "completed"];

/** `lefts` is how many there are of what there was too little of, by sku; `ready` when it is ready, in words. */
export function orderCard(order, { timezone, lefts, ready, payment }, headline) {
  return el("article", { class: `ticket card ${order.status}`, "data-status": order.status }, top(order, headline, ready), progress(order), content(order, { timezone, lefts, payment }));
}

function top(order, headline, ready) {
  return el(
    "div",
    { class: "hero" },
    el("p", { class: "ticket-number" }, el("span", { class: "quiet" }, text.order.number), el("strong", {}, String(order.number))),
    el("h2", { class: "headline" }, headline),
    el("p", {}, sentence(order)),
    ready && el("p", { class: "expected" }, icon("clock"), el("span", {}, ready)),
  );
}

function sentence(order) {
  const { status, type, number, rejection } = order;
  if (status === "rejected") {
    const reason = rejection?.reason ?? "";
    return text.order.reasons[reason] ?? text.order.reasons.other;
  }
  return status === "ready" ? text.order.line.ready[type](number) : text.order.line[status];
}

/** A line of steps; an order that has ended otherwise has none ahead of it. */
function progress(order) {
  const at = STEPS.indexOf(order.status);
  if (at < 0) return null;
  const steps = STEPS.map((step, index) => stepView(order, step, index - at));
  return el("ol", { class: "progress-line", "aria-label": text.order.progress }, ...steps);
}

/** `distance` from where the order is: what is behind is done. */
function stepView({ status, type }, step, distance) {
  const label = text.order.steps[step];
  const done = distance < 0 || status === "completed";
  const now = distance === 0 && !done;
  return el(
    "li",
    { class: done ? "done" : now ? "now" : "ahead", "aria-current": now && "step" },
    el("span", { class: "mark", "aria-hidden": "true" }, done ? "✓" : ""),
    el("span", {}, typeof label === "string" ? label : label[type]),
    done && el("span", { class: "unseen" }, `, ${text.order.done}`),
  );
}

function content(order, { timezone, lefts, payment }) {
  const out = new Set(order.rejection?.unavailable.map(({ line, sku }) => `${line} ${sku}`) ?? []);
  const how = order.table ? text.order.forTable(order.table) : text.order.kinds[order.type];
  const facts = [how, order.customer?.name, text.order.placedAt(moment(order.placed_at, timezone))].filter(Boolean);
  return el(
    "div",
    { class: "content" },
    el("p", { class: "quiet" }, shared.row(facts)),
    order.allergies.length > 0 && el("p", { class: "allergies" }, text.order.allergies(shared.list(order.allergies))),
    el("ul", { class: "lines" }, ...order.lines.map((line) => lineView(line, order.total.currency, out, lefts))),
    order.notes && el("p", { class: "notes quiet" }, text.quoted(order.notes)),
    el("p", { class: "sum" }, el("span", {}, text.basket.total), el("strong", { class: "number" }, money(order.total))),
    payment && isPaid(order) && el("p", { class: "payment" }, icon("card"), el("bdi", {}, payment)),
  );
}

/** Whether anything is to be paid. */
function isPaid({ status }) {
  return status !== "rejected" && status !== "cancelled";
}

function lineView(line, currency, out, lefts) {
  const isOut = (sku) => out.has(`${line.id} ${sku}`);
  const mark = (sku, name) => [el("bdi", {}, name), isOut(sku) && el("span", { class: "badge bad" }, lefts.has(sku) ? text.order.lineLeft(lefts.get(sku)) : text.order.lineOut)].filter(Boolean);
  const extras = line.modifiers.map(({ sku, name, effect }) => el("li", {}, ...mark(sku, modifier(effect, name))));
  return el(
    "li",
    { class: "line" },
    el("strong", { class: "name" }, `${line.quantity} × `, ...mark(line.sku, line.name)),
    el("span", { class: "number" }, money({ amount: line.total, currency })),
    extras.length > 0 && el("ul", { class: "with" }, ...extras),
    line.notes && el("p", { class: "notes quiet" }, text.quoted(line.notes)),
  );
}

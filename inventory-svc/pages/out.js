// What is sold out, why and until when; bringing it back, and marking out.

import { request } from "/assets/api.js";
import { el, setText } from "/assets/dom.js";
import { swap } from "/assets/parts.js";
import { why as whyRefused } from "/assets/text.js";
import { moment } from "/assets/time.js";
import { enter } from "/stock/entry.js";
import { askUntil } from "/stock/until.js";
import { matches, search, toast } from "/stock/page.js";
import { text } from "/stock/text.js";
import { quantity } from "/stock/units.js";

export function outView(main, room) {
  let words = "";
  const find = search(text.out.search, (typed) => {
    words = typed;
    update();
  });
  const out = el("ul", { class: "outs" });
  const on = el("ul", { class: "ons" });
  const nothing = el("p", { class: "quiet" });
  main.replaceChildren(
    el("section", {}, el("h2", {}, text.out.heading), out),
    el("section", {}, el("h2", {}, text.out.markHeading), el("p", { class: "quiet" }, text.out.markHint), el("div", { class: "tools" }, find), on, nothing),
  );
  let shown = null;

  const update = () => {
    const skus = room.skus();
    const outs = skus.filter((sku) => room.isOut(sku));
    const ons = skus.filter((sku) => !room.isOut(sku) && matches(words, room.nameOf(sku), sku));
    const now = JSON.stringify([room.timezone, outs.map((sku) => [room.availability.get(sku), why(room, sku)]), ons.map((sku) => [sku, room.nameOf(sku)])]);
    if (now === shown || !room.loaded) return;
    shown = now;
    swap(out, ...(outs.length ? outs.map((sku) => outCard(room, sku)) : [el("li", { class: "quiet" }, text.out.none)]));
    swap(on, ...ons.map((sku) => onCard(room, sku)));
    setText(nothing, ons.length === 0 && words ? text.out.nothing : "");
  };
  return { update };
}

/** The ingredients that do not last for one portion. */
function missing(room, sku) {
  const needs = room.recipes.get(sku)?.ingredients ?? [];
  return needs.filter((need) => room.portionsOf(need.ingredient, need.quantity) < 1);
}

function why(room, sku) {
  return missing(room, sku).map((need) => {
    const item = room.stock.get(need.ingredient);
    const name = room.ingredientName(need.ingredient);
    return text.out.short(name, quantity(item?.available ?? 0, item?.unit), quantity(need.quantity, item?.unit));
  });
}

function outCard(room, sku) {
  const name = room.nameOf(sku);
  const { cause, until } = room.availability.get(sku);
  const manual = cause === "manual";
  const time = until && text.out.until(moment(until, room.timezone));
  const end = manual ? (time ?? text.out.untilLifted) : text.out.untilStock;
  const receive = ({ ingredient }) =>
    el("button", { type: "button", "data-focus": `receive ${sku} ${ingredient}`, onclick: () => enter(room, ingredient, "receive") }, text.kindsThis.receive(room.ingredientName(ingredient)));
  const back = el(
    "button",
    { type: "button", class: "main", "data-focus": `back ${sku}`, "aria-label": text.out.backThis(name), onclick: () => setAvailable(room, sku, { available: true }) },
    text.out.back,
  );
  return el(
    "li",
    { class: "card out-card", "data-sku": sku },
    el("h3", {}, el("bdi", {}, name)),
    el("p", {}, el("span", { class: `badge ${manual ? "warn" : "bad"}` }, text.out.why[cause]), ` ${end}`),
    ...why(room, sku).map((sentence) => el("p", { class: "quiet" }, sentence)),
    el("div", { class: "choices" }, manual && back, ...missing(room, sku).map(receive)),
  );
}

function onCard(room, sku) {
  const name = room.nameOf(sku);
  const mark = () => askUntil(name, room.timezone, (until) => setAvailable(room, sku, { available: false, ...(until && { until }) }));
  return el("li", { class: "on-card", "data-sku": sku }, el("bdi", {}, name), el("button", { type: "button", "data-focus": `mark ${sku}`, "aria-label": text.out.markThis(name), onclick: mark }, text.out.mark));
}

async function setAvailable(room, sku, body) {
  const answer = await request("PUT", `/v1/availability/${room.path}/${encodeURIComponent(sku)}`, { body }).catch(() => null);
  if (answer === null) return toast(text.problems.unreachable, { bad: true });
  if (!answer.ok) return toast(text.problems.other(whyRefused(answer)), { bad: true });
  const name = room.nameOf(sku);
  if (!body.available) toast(text.out.isOut(name));
  else toast(answer.body.available ? text.out.isBack(name) : text.out.stillShort(name));
  room.put("availability", answer.body);
}

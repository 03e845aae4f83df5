// What was ordered from this device: to follow what is on its way, and to order again what was good.

import { el } from "/assets/dom.js";
import { money } from "/assets/numbers.js";
import { dialog } from "/assets/parts.js";
import { modifier, shared } from "/assets/text.js";
import { moment } from "/assets/time.js";
import { allLocations } from "/assets/api.js";
import { Cart } from "/order/cart.js";
import { forgetAll, pastOrders } from "/order/orders.js";
import { head } from "/order/page.js";
import { text } from "/order/text.js";

const UNDER_WAY = ["placed", "accepted", "preparing", "ready"];

export function historyView(main) {
  let closed = false;
  let places = new Map();
  const show = () => {
    const orders = pastOrders();
    head(text.history.title, { back: [text.locations.menu, `#at/${encodeURIComponent(orders[0]?.location ?? "")}`] });
    const none = el("p", { class: "quiet" }, text.history.none);
    const list = el("ul", { class: "past" }, ...orders.map((order) => el("li", {}, card(order, places.get(order.location)))));
    const forget = el("button", { type: "button", class: "danger", onclick: () => ask(show) }, text.history.forget);
    const hint = el("p", { class: "quiet" }, text.history.hint);
    main.replaceChildren(el("div", { class: "history" }, ...(orders.length ? [hint, list, forget] : [none])));
  };
  show();
  // Names and time zones: without them the orders are there all the same.
  allLocations().then((found) => {
    if (closed || !found) return;
    places = new Map(found.map((place) => [place.location, place]));
    show();
  });
  return { close: () => (closed = true) };
}

function card(order, place) {
  const { id, number, location: slug, placed_at, status, total, lines = [] } = order;
  const isUnderWay = UNDER_WAY.includes(status) && Date.now() - Date.parse(placed_at) < 6 * 3600_000;
  const facts = [moment(placed_at, place?.timezone), place?.name, total && money(total)].filter(Boolean);
  const again = () => {
    reorder(order);
    location.hash = `#at/${encodeURIComponent(slug)}/basket`;
  };
  const title = text.order.title(number);
  return el(
    "article",
    { class: "card", "aria-label": title },
    el("h2", {}, el("a", { href: `#order/${id}` }, title), isUnderWay && el("span", { class: "badge good" }, text.order.steps[status])),
    el("p", { class: "quiet" }, shared.row(facts)),
    lines.length > 0 && el("p", {}, shared.list(lines.map(wordsOf))),
    lines.length > 0 && el("button", { type: "button", "aria-label": text.history.againThis(number), onclick: again }, text.order.again),
  );
}

function wordsOf({ quantity, name, modifiers }) {
  const with_ = modifiers.map((one) => modifier(one.effect, one.name)).join(" ");
  return `${quantity} × ${name}${with_ && ` (${with_})`}`;
}

function ask(done) {
  const yes = el("button", { type: "submit", class: "danger", value: "yes" }, text.history.forgetYes);
  const form = el("form", { class: "body", method: "dialog" }, el("p", {}, text.history.forgetSure), el("div", { class: "choices" }, yes, el("button", { type: "submit" }, text.order.cancelNo)));
  const element = dialog(text.history.forget, text.dish.close, form);
  element.addEventListener("close", () => {
    if (element.returnValue !== "yes") return;
    forgetAll();
    done();
  });
}

/** Puts its lines into the cart; what is sold out shows there. */
export function reorder(order) {
  const cart = new Cart(order.location);
  for (const { sku, quantity, modifiers, notes } of order.lines) {
    cart.add({ sku, quantity, modifiers: modifiers.map((one) => one.sku), notes: notes ?? "" });
  }
  cart.close();
}

// What the guest is about to order: lines, how and for whom, the total.

import { el, setAttribute, setText } from "/assets/dom.js";
import { money } from "/assets/numbers.js";
import { stepper, swap } from "/assets/parts.js";
import { modifier, shared } from "/assets/text.js";
import { QUANTITY_MAX } from "/order/cart.js";
import { detailsForm } from "/order/details.js";
import { chooseDish } from "/order/dish.js";
import { icon } from "/order/icons.js";
import { say } from "/order/page.js";
import { sendPanel } from "/order/send.js";
import { taste } from "/order/taste.js";
import { text } from "/order/text.js";
import { waitText } from "/order/wait.js";

/** The basket's element, which follows `venue`, `cart` and `submission` until `close`. */
export function basketView(venue, cart, submission, menuAddress) {
  const lines = el("ul", { class: "lines" });
  const sum = el("p", { class: "sum" });
  const terms = el("ul", { class: "terms" });
  const empty = el("p", { class: "quiet" }, text.basket.empty);
  const details = detailsForm(cart);
  const panel = sendPanel(venue, cart, submission, { check: details.check });
  const order = el("div", { class: "order" }, lines, sum, details.element, terms);
  const element = el(
    "aside",
    { class: "basket", "aria-labelledby": "basket-heading" },
    el("a", { class: "button back", href: menuAddress }, text.basket.back),
    el("h2", { id: "basket-heading", tabindex: -1 }, text.basket.heading),
    empty,
    order,
    panel.element,
  );

  const update = () => {
    if (!venue.location) return;
    const none = cart.lines.length === 0;
    empty.hidden = !none;
    order.hidden = none;
    panel.element.hidden = none;
    setAttribute(order, "inert", cart.isSending);
    swap(lines, ...cart.lines.map((line, at) => lineView(venue, cart, line, at)));
    showSum(sum, venue, cart);
    showTerms(terms, venue, cart);
    panel.update();
  };
  const sources = [venue, cart, submission, taste];
  for (const source of sources) source.addEventListener("change", update);
  update();
  const close = () => {
    for (const source of sources) source.removeEventListener("change", update);
    panel.close();
    details.close();
  };
  return { element, close };
}

function showSum(sum, venue, cart) {
  const total = money({ amount: venue.total(cart.lines), currency: venue.currency });
  swap(sum, el("span", {}, text.basket.total), el("strong", { class: "number" }, total));
}

/** How long it takes and how it is paid, as far as somebody has said. */
function showTerms(terms, venue, cart) {
  const payment = venue.paymentOf(cart.details.type);
  const told = [
    venue.wait && ["clock", text.wait.ifOrdered(waitText(venue.wait))],
    payment && ["card", payment],
  ].filter(Boolean);
  terms.hidden = told.length === 0;
  swap(terms, ...told.map(([name, words]) => el("li", {}, icon(name), el("bdi", {}, words))));
}

function lineView(venue, cart, line, at) {
  const { gone, out, left } = venue.trouble(line);
  const name = venue.nameOf(line.sku);
  const amount = line.quantity * venue.price(line);
  const extras = line.modifiers.map((sku) => el("li", { class: out.includes(sku) && "out" }, modifier(venue.effectOf(sku), venue.nameOf(sku))));
  return el(
    "li",
    { class: gone || out.length ? "line out" : left.length ? "line open" : "line", "data-sku": line.sku },
    el("strong", { class: "name" }, el("bdi", {}, name)),
    el("span", { class: "number" }, gone ? "" : money({ amount, currency: venue.currency })),
    extras.length > 0 && el("ul", { class: "with" }, ...extras),
    line.notes && el("p", { class: "notes quiet" }, text.quoted(line.notes)),
    trouble(venue, gone, out, left),
    contained(venue, line),
    controls(venue, cart, line, at, name, gone),
  );
}

/** What the guest wants to stay away from, and has put in all the same. */
function contained(venue, { sku, modifiers }) {
  const found = new Set([sku, ...modifiers].flatMap((one) => (venue.items.has(one) ? taste.contained(venue.items.get(one)) : [])));
  if (found.size === 0) return null;
  return el("p", { class: "contained" }, text.dish.contains(shared.list([...found].map((name) => text.dish.allergens[name]))));
}

function trouble(venue, gone, out, left) {
  if (gone) return el("p", { class: "wrong" }, text.basket.gone);
  if (out.length === 0) return left.length > 0 && el("p", { class: "wrong" }, text.basket.choose(shared.list(left)));
  return el("p", { class: "wrong" }, `${text.menu.soldOut}: ${shared.list(out.map((sku) => venue.nameOf(sku)))}`);
}

function controls(venue, cart, line, at, name, gone) {
  const onchange = (quantity) => {
    cart.setQuantity(at, quantity);
    if (quantity === 0) say(text.basket.removed(name));
  };
  const labels = { fewer: line.quantity === 1 ? text.basket.removeThis(name) : text.basket.fewerOf(name), more: text.basket.moreOf(name) };
  const most = Math.min(QUANTITY_MAX, line.quantity + venue.moreOf(line, cart));
  const edit = () => chooseDish(venue, cart, venue.items.get(line.sku), line, { saves: true, done: (changed) => cart.replace(at, changed) });
  const change = el(
    "button",
    { type: "button", class: "plain", "data-focus": `edit ${at}`, "aria-label": text.basket.editThis(name), onclick: edit },
    text.basket.edit,
  );
  return el("div", { class: "controls" }, !gone && change, stepper(line.quantity, { ...labels, focus: `line ${at}`, onchange, most }));
}

/** What stands at the bottom of a phone: how much there is, and the way to it. */
export function basketBar(venue, cart, address) {
  const count = el("span", { class: "count" });
  const total = el("span", { class: "number" });
  const element = el("a", { class: "button main bar", href: address }, count, el("span", {}, text.basket.view), total);
  const update = () => {
    element.hidden = cart.lines.length === 0 || !venue.location;
    if (element.hidden) return;
    setText(count, String(cart.count));
    setText(total, money({ amount: venue.total(cart.lines), currency: venue.currency }));
    setAttribute(element, "aria-label", text.basket.open(cart.count));
  };
  for (const source of [venue, cart]) source.addEventListener("change", update);
  update();
  const close = () => {
    for (const source of [venue, cart]) source.removeEventListener("change", update);
  };
  return { element, close };
}

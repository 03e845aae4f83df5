// The menu of a location by category. What sells out stays where it is, disabled.

import { el, setAttribute, setText } from "/assets/dom.js";
import { groupBy } from "/assets/groups.js";
import { money } from "/assets/numbers.js";
import { shared } from "/assets/text.js";
import { moment } from "/assets/time.js";
import { chooseDish, dietTags, photo } from "/order/dish.js";
import { filterButton, filterNote } from "/order/filter.js";
import { icon } from "/order/icons.js";
import { say } from "/order/page.js";
import { taste } from "/order/taste.js";
import { text } from "/order/text.js";
import { waitText } from "/order/wait.js";

/** The menu's element, which follows `venue` and `cart` until `close`. */
export function menuView(venue, cart) {
  const chips = el("nav", { class: "categories", "aria-label": text.menu.categories });
  const sections = el("div", { class: "sections" });
  const facts = el("ul", { class: "facts" });
  const [filter, note] = [filterButton(venue), filterNote(venue)];
  const element = el("section", { class: "menu" }, el("div", { class: "info" }, facts, filter.element), chips, note.element, sections);
  let shape = null;
  let parts = [];

  const update = (event) => {
    if (!venue.location) return;
    const now = shapeOf(venue);
    if (now !== shape) {
      shape = now;
      parts = build(venue, cart, chips, sections);
    }
    for (const part of parts) part.update();
    showFacts(facts, venue, cart);
    for (const one of [filter, note]) one.update();
    announce(venue, event?.detail);
  };
  const sources = [venue, cart, taste];
  for (const source of sources) source.addEventListener("change", update);
  update();
  const close = () => {
    for (const source of sources) source.removeEventListener("change", update);
  };
  return { element, close };
}

/** How long it takes, and at which table. */
function showFacts(facts, venue, cart) {
  const { type, table } = cart.details;
  const told = [
    venue.mode === "open" && venue.wait && ["clock", text.wait.now(waitText(venue.wait))],
    type === "dine_in" && table && ["table", text.order.forTable(table)],
  ].filter(Boolean);
  const words = JSON.stringify(told);
  if (facts.dataset.told === words) return;
  facts.dataset.told = words;
  facts.replaceChildren(...told.map(([name, sentence]) => el("li", {}, icon(name), el("span", {}, sentence))));
}

/** What makes the page be built anew; what sells out does not. */
function shapeOf(venue) {
  return JSON.stringify(venue.dishes().map(({ available, cause, until, left, version, ...shown }) => shown));
}

function announce(venue, detail) {
  const { before, item } = detail ?? {};
  if (!before || before.available === item.available) return;
  say(item.available ? text.menu.nowBack(item.name) : text.menu.nowSoldOut(item.name));
}

function build(venue, cart, chips, sections) {
  const groups = categories(venue.dishes());
  const parts = [];
  const built = groups.map(([name, dishes], at) => {
    const own = dishes.map((dish) => card(venue, cart, dish));
    const heading = el("h2", { id: `category-${at}`, tabindex: -1 }, el("bdi", {}, name));
    const section = el("section", { "aria-labelledby": heading.id }, heading, el("ul", { class: "dishes" }, ...own.map((one) => one.element)));
    // A category of which nothing is left is not there.
    const hide = () => (section.hidden = chips.children[at].hidden = own.every((one) => one.element.hidden));
    parts.push(...own, { update: hide });
    return section;
  });
  const jump = (at) => {
    const heading = built[at].querySelector("h2");
    heading.scrollIntoView({ block: "start" });
    heading.focus({ preventScroll: true });
  };
  chips.replaceChildren(...groups.map(([name], at) => el("button", { type: "button", onclick: () => jump(at) }, el("bdi", {}, name))));
  sections.replaceChildren(...(built.length ? built : [el("p", { class: "quiet" }, text.menu.empty)]));
  return parts;
}

/**
 * In the places that somebody has given. Else dearer categories first: that brings the mains to the top and the drinks
 * to the end, whatever they are called.
 */
function categories(dishes) {
  const groups = groupBy(dishes, (dish) => dish.category);
  const mean = (group) => group.reduce((sum, dish) => sum + dish.price, 0) / group.length;
  const first = (group) => Math.min(...group.map(placeOf));
  const sorted = [...groups].sort(([, one], [, other]) => compare(first(one), first(other)) || mean(other) - mean(one));
  const byPlace = (one, other) => compare(placeOf(one), placeOf(other)) || one.name.localeCompare(other.name);
  return sorted.map(([name, group]) => [name, group.sort(byPlace)]);
}

/** What has no place is behind what has one. */
function placeOf(dish) {
  return dish.place ?? Number.MAX_SAFE_INTEGER;
}

function compare(one, other) {
  return one - other;
}

function card(venue, cart, dish) {
  const choice = venue.groupsOf(dish).length > 0;
  const state = el("p", { class: "state" });
  const button = el("button", { type: "button" });
  const element = el(
    "li",
    { class: "dish", "data-sku": dish.sku },
    photo(dish),
    el("h3", {}, el("bdi", {}, dish.name)),
    dish.description && el("p", { class: "description quiet" }, el("bdi", {}, dish.description)),
    el("p", { class: "price" }, dish.price ? money({ amount: dish.price, currency: venue.currency }) : text.menu.free),
    dish.diets.length > 0 && dietTags(dish.diets),
    state,
    button,
  );
  button.addEventListener("click", () => add(venue, cart, dish, choice));
  const update = () => {
    const out = !venue.isAvailable(dish.sku);
    const count = cart.countOf(dish.sku);
    setAttribute(element, "data-out", out);
    element.hidden = !taste.suits(dish);
    const left = venue.leftOf(dish.sku);
    const told = [left !== null && text.menu.left(left), count > 0 && text.menu.inBasket(count)].filter(Boolean);
    setText(state, out ? backAt(venue, dish.sku) : shared.row(told));
    setAttribute(button, "disabled", out || venue.moreOf({ sku: dish.sku, modifiers: [] }, cart) === 0);
    setText(button, out ? text.menu.soldOut : choice ? text.menu.choose : text.menu.add);
    setAttribute(button, "aria-label", out ? `${dish.name}: ${text.menu.soldOut}` : (choice ? text.menu.chooseThis : text.menu.addThis)(dish.name));
  };
  return { element, update };
}

function backAt(venue, sku) {
  const until = venue.items.get(sku)?.until;
  return until ? text.menu.backAt(moment(until, venue.location.timezone)) : "";
}

function add(venue, cart, dish, choice) {
  const done = (line) => {
    cart.add(line);
    say(text.basket.added(dish.name, cart.count));
  };
  if (choice) chooseDish(venue, cart, dish, {}, { done });
  else done({ sku: dish.sku, quantity: 1, modifiers: [], notes: "" });
}

// Choosing a dish: choices, extras, wishes, how many. What sells out meanwhile is disabled at once.

import { el, setText } from "/assets/dom.js";
import { money } from "/assets/numbers.js";
import { dialog, limit, stepper, swap } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { QUANTITY_MAX } from "/order/cart.js";
import { taste, telling } from "/order/taste.js";
import { text } from "/order/text.js";

const NOTES_MAX = 500;

/** `line` is where it starts from, in `cart` already where it has a quantity; `done` gets what was chosen. */
export function chooseDish(venue, cart, dish, line, { done, saves = false }) {
  const chosen = { sku: dish.sku, quantity: line.quantity ?? 1, modifiers: [...(line.modifiers ?? [])], notes: line.notes ?? "" };
  /** Whether it was asked for: only then what is left to choose is held against the guest. */
  let asked = false;
  const groups = el("div", { class: "groups" });
  const quantity = el("div", {});
  const submit = el("button", { class: "main", type: "submit" });
  const notes = el("textarea", { id: "dish-notes", rows: 2, "aria-describedby": "dish-notes-hint" });
  notes.value = chosen.notes;
  const long = limit(notes, NOTES_MAX, shared.tooLong);
  notes.addEventListener("input", () => update());

  const update = () => {
    const current = venue.items.get(dish.sku) ?? dish;
    showGroups(groups, venue, current, chosen, { update, asked });
    // What the line itself wants already is not taken from it.
    const most = Math.min(QUANTITY_MAX, venue.moreOf(chosen, cart) + (line.quantity ?? 0));
    const onchange = (number) => ((chosen.quantity = Math.max(1, number)), update());
    swap(quantity, stepper(chosen.quantity, { fewer: text.dish.fewer, more: text.dish.more, focus: "quantity", onchange, most: Math.max(1, most) }));
    const amount = chosen.quantity * venue.price(chosen);
    const total = money({ amount, currency: venue.currency });
    const out = !venue.isAvailable(dish.sku);
    setText(submit, out ? text.menu.soldOut : saves ? text.dish.save(total) : text.dish.add(total));
    submit.disabled = !long.fits() || out || chosen.quantity > most || chosen.modifiers.some((sku) => !venue.isAvailable(sku));
  };

  const form = el(
    "form",
    { class: "body", method: "dialog" },
    photo(dish),
    ...facts(dish),
    groups,
    el(
      "div",
      { class: "field" },
      el("label", { for: "dish-notes" }, text.dish.notes),
      notes,
      el("span", { class: "quiet", id: "dish-notes-hint" }, text.dish.notesHint),
      long.element,
    ),
    el("div", { class: "finish" }, quantity, submit),
  );
  form.addEventListener("submit", (event) => {
    const [left] = venue.openChoices(venue.items.get(dish.sku) ?? dish, chosen.modifiers);
    if (!left) return done({ ...chosen, notes: notes.value.trim() });
    event.preventDefault();
    asked = true;
    update();
    const first = groups.querySelector(".open");
    first.scrollIntoView({ block: "center" });
    return first.querySelector("input:not(:disabled)")?.focus({ preventScroll: true });
  });
  const element = dialog(dish.name, text.dish.close, form);
  element.classList.add("choose");
  venue.addEventListener("change", update);
  element.addEventListener("close", () => venue.removeEventListener("change", update));
  update();
}

/** The picture of the dish, if it has one that can be had; its name stands beside it. */
export function photo(dish) {
  if (!dish.photo) return null;
  const image = el("img", { class: "photo", src: dish.photo, alt: "", loading: "lazy", onerror: () => image.remove() });
  return image;
}

/** What is in it and whom it suits, as far as anybody has said. */
function facts({ description, allergens, diets }) {
  const names = (list, words) => shared.list(list.map((name) => words[name] ?? name));
  return [
    description && el("p", {}, el("bdi", {}, description)),
    allergens.length > 0 && el("p", { class: "quiet" }, text.dish.contains(names(allergens, text.dish.allergens))),
    diets.length > 0 && dietTags(diets),
  ].filter(Boolean);
}

/** Whom it suits, in short. */
export function dietTags(diets) {
  return el("ul", { class: "tags" }, ...telling(diets).map((diet) => el("li", {}, text.dish.diets[diet] ?? diet)));
}

function showGroups(element, venue, dish, chosen, asking) {
  const groups = venue.groupsOf(dish).map((group, at) => {
    const count = chosen.modifiers.filter((sku) => group.modifiers.includes(sku)).length;
    const isOpen = asking.asked && (count < group.min || count > group.max);
    const items = group.items.map((item) => extra(venue, { ...group, at, count }, item, chosen, asking.update));
    const attributes = { class: isOpen ? "extras open" : "extras", "aria-describedby": isOpen && `group-${at}-open` };
    const missing = isOpen && el("p", { class: "wrong", id: `group-${at}-open`, role: "alert" }, text.dish.missing(group.name, group.min, group.max));
    return el("fieldset", attributes, legend(group, count), missing, ...items);
  });
  swap(element, ...groups);
}

/** Its name, how many, and whether that is done. */
function legend({ name, min, max }, count) {
  if (name === null) return el("legend", {}, text.dish.extras);
  const isDone = count >= min && count <= max;
  const badge = min > 0 && el("span", { class: isDone ? "badge good" : "badge" }, isDone ? text.dish.chosen : text.dish.required);
  return el("legend", {}, el("bdi", {}, name), " ", el("span", { class: "quiet" }, text.dish.choose(min, max)), " ", badge);
}

function extra(venue, group, item, chosen, update) {
  const out = !venue.isAvailable(item.sku);
  const checked = chosen.modifiers.includes(item.sku);
  const isOne = group.min === 1 && group.max === 1;
  // Of a choice of one, another takes its place; of a choice of more, something must be taken away first.
  const full = !isOne && group.max > 1 && group.count >= group.max;
  const box = el("input", {
    type: isOne ? "radio" : "checkbox",
    name: isOne && `group-${group.at}`,
    "data-focus": item.sku,
    // One that was chosen before it sold out can still be taken away.
    disabled: (out || full) && !checked,
    onchange: () => {
      // Of a choice of one, the other goes.
      const goes = (sku) => sku === item.sku || (box.checked && group.max === 1 && group.modifiers.includes(sku));
      const rest = chosen.modifiers.filter((sku) => !goes(sku));
      chosen.modifiers = box.checked ? [...rest, item.sku] : rest;
      update();
    },
  });
  box.checked = checked;
  const free = item.effect === "remove" || group.name !== null ? "" : text.menu.free;
  const price = item.price ? `+ ${money({ amount: item.price, currency: venue.currency })}` : free;
  const found = taste.contained(item).map((name) => text.dish.allergens[name]);
  return el(
    "label",
    { class: out ? "extra out" : "extra" },
    box,
    el("span", {}, el("bdi", {}, item.name), found.length > 0 && el("span", { class: "contained" }, ` ${text.dish.with(shared.list(found))}`)),
    out ? el("span", { class: "badge bad" }, text.menu.soldOut) : el("span", { class: "number" }, price),
  );
}

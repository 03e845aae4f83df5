// Choosing a dish: choices, extras, wishes, how many. What sells out meanwhile is disabled at once.

import { el, setText } from "/assets/dom.js";
import { money } from "/assets/numbers.js";
import { dialog, limit, stepper, swap } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { QUANTITY_MAX } from "/order/cart.js";
import { text } from "/order/text.js";

const NOTES_MAX = 500;

/** `line` is where it starts from, in `cart` already where it has a quantity; `done` gets what was chosen. */
export function chooseDish(venue, cart, dish, line, { done, saves = false }) {
  const chosen = { sku: dish.sku, quantity: line.quantity ?? 1, modifiers: [...(line.modifiers ?? [])], notes: line.notes ?? "" };
  const groups = el("div", { class: "groups" });
  const quantity = el("div", {});
  const submit = el("button", { class: "main", type: "submit" });
  const notes = el("textarea", { id: "dish-notes", rows: 2, "aria-describedby": "dish-notes-hint" });
  notes.value = chosen.notes;
  const long = limit(notes, NOTES_MAX, shared.tooLong);
  notes.addEventListener("input", () => update());

  const update = () => {
    const current = venue.items.get(dish.sku) ?? dish;
    showGroups(groups, venue, current, chosen, update);
    // What the line itself wants already is not taken from it.
    const most = Math.min(QUANTITY_MAX, venue.moreOf(chosen, cart) + (line.quantity ?? 0));
    const onchange = (number) => ((chosen.quantity = Math.max(1, number)), update());
    swap(quantity, stepper(chosen.quantity, { fewer: text.dish.fewer, more: text.dish.more, focus: "quantity", onchange, most: Math.max(1, most) }));
    const amount = chosen.quantity * venue.price(chosen);
    const total = money({ amount, currency: venue.currency });
    const out = !venue.isAvailable(dish.sku);
    setText(submit, out ? text.menu.soldOut : saves ? text.dish.save(total) : text.dish.add(total));
    submit.disabled = !long.fits() || out || !venue.isChosen(current, chosen.modifiers) || chosen.quantity > most || chosen.modifiers.some((sku) => !venue.isAvailable(sku));
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
  form.addEventListener("submit", () => done({ ...chosen, notes: notes.value.trim() }));
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
  const names = (list, words) => list.map((name) => words[name] ?? name).join(", ");
  return [
    description && el("p", {}, description),
    allergens.length > 0 && el("p", { class: "quiet" }, text.dish.contains(names(allergens, text.dish.allergens))),
    diets.length > 0 && el("p", { class: "quiet" }, names(diets, text.dish.diets)),
  ].filter(Boolean);
}

function showGroups(element, venue, dish, chosen, update) {
  const groups = venue.groupsOf(dish).map((group) => {
    const hint = group.name !== null && el("span", { class: "quiet" }, ` ${text.dish.choose(group.min, group.max)}`);
    const legend = el("legend", {}, group.name ?? text.dish.extras, hint);
    return el("fieldset", { class: "extras" }, legend, ...group.items.map((item) => extra(venue, group, item, chosen, update)));
  });
  swap(element, ...groups);
}

function extra(venue, group, item, chosen, update) {
  const out = !venue.isAvailable(item.sku);
  const checked = chosen.modifiers.includes(item.sku);
  const box = el("input", {
    type: "checkbox",
    "data-focus": item.sku,
    // One that was chosen before it sold out can still be taken away.
    disabled: out && !checked,
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
  return el(
    "label",
    { class: out ? "extra out" : "extra" },
    box,
    el("span", {}, item.name),
    out ? el("span", { class: "badge bad" }, text.menu.soldOut) : el("span", { class: "number" }, price),
  );
}

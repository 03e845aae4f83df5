// What one portion of each item takes, and how far the stock goes.

import { el, setText } from "/assets/dom.js";
import { number } from "/assets/numbers.js";
import { shared } from "/assets/text.js";
import { matches, search } from "/stock/page.js";
import { editRecipe } from "/stock/recipe.js";
import { text } from "/stock/text.js";
import { quantity } from "/stock/units.js";

export function recipesView(main, room) {
  let words = "";
  const find = search(text.recipes.search, (typed) => {
    words = typed;
    update();
  });
  const other = el("button", { type: "button", onclick: () => editRecipe(room, null) }, text.recipes.other);
  const tracked = el("ul", { class: "recipes" });
  const untracked = el("ul", { class: "recipes" });
  const nothing = el("p", { class: "quiet" });
  const rest = el("section", {}, el("h2", {}, text.recipes.untracked), el("p", { class: "quiet" }, text.recipes.untrackedHint), untracked);
  main.replaceChildren(el("h2", { class: "unseen" }, text.tabs.recipes), el("div", { class: "tools" }, find, other), el("p", { class: "quiet" }, text.recipes.hint), tracked, nothing, rest);
  let shown = null;

  const update = () => {
    const skus = room.skus().filter((sku) => matches(words, room.nameOf(sku), sku, ...names(room, sku)));
    const [withRecipe, without] = [skus.filter((sku) => isTracked(room, sku)), skus.filter((sku) => !isTracked(room, sku))];
    const now = JSON.stringify(skus.map((sku) => [sku, room.nameOf(sku), lines(room, sku), room.portions(sku)]));
    if (now === shown) return;
    shown = now;
    tracked.replaceChildren(...withRecipe.map((sku) => card(room, sku)));
    untracked.replaceChildren(...without.map((sku) => card(room, sku)));
    rest.hidden = without.length === 0;
    setText(nothing, withRecipe.length > 0 ? "" : words ? text.recipes.nothing : text.recipes.none);
  };
  return { update };
}

function isTracked(room, sku) {
  return (room.recipes.get(sku)?.ingredients.length ?? 0) > 0;
}

function names(room, sku) {
  return (room.recipes.get(sku)?.ingredients ?? []).map(({ ingredient }) => room.ingredientName(ingredient));
}

function lines(room, sku) {
  return (room.recipes.get(sku)?.ingredients ?? []).map((portion) => {
    const unit = room.stock.get(portion.ingredient)?.unit;
    const amount = quantity(portion.quantity, unit);
    return `${unit === "each" ? text.recipes.pieces(amount) : amount} ${room.ingredientName(portion.ingredient)}`;
  });
}

function card(room, sku) {
  const name = room.nameOf(sku);
  const tracked = isTracked(room, sku);
  const label = (tracked ? text.recipes.editThis : text.recipes.addThis)(name);
  const portions = room.portions(sku);
  return el(
    "li",
    { class: "card recipe", "data-sku": sku },
    el("h3", {}, el("bdi", {}, name)),
    tracked && el("p", {}, shared.row(lines(room, sku))),
    tracked && el("p", { class: portions < 1 ? "wrong" : "quiet" }, text.recipes.portions(number(portions))),
    el("button", { type: "button", "aria-label": label, onclick: () => editRecipe(room, sku) }, tracked ? text.recipes.edit : text.recipes.add),
  );
}

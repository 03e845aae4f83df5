// Editing a recipe.

import { el, setText } from "/assets/dom.js";
import { dialog, swap } from "/assets/parts.js";
import { shared, why } from "/assets/text.js";
import { toast } from "/stock/page.js";
import { one, put } from "/stock/seen.js";
import { text } from "/stock/text.js";
import { parse } from "/stock/units.js";

const QUANTITY_END = 10_000_000_000;
const SKU = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** `sku` is null for an item that is asked for. */
export function editRecipe(room, sku) {
  // What the form shows is what it may write over; once told what somebody else has saved, that as well.
  const seen = { recipe: room.recipes.get(sku) ?? null };
  const lines = (seen.recipe?.ingredients ?? []).map(({ ingredient, quantity }) => ({ ingredient, quantity: String(quantity) }));
  if (lines.length === 0) lines.push({ ingredient: "", quantity: "" });
  const item = el("input", { id: "sku", type: "text", autocomplete: "off" });
  const asked = sku === null && el("div", { class: "field" }, el("label", { for: "sku" }, text.recipes.sku), item);
  const list = el("ul", { class: "portions" });
  const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
  const add = el("button", { type: "button" }, text.recipes.addLine);
  const submit = el("button", { class: "main", type: "submit" }, text.recipes.save);
  const form = el("form", { class: "body" }, asked, list, add, el("p", { class: "quiet" }, text.recipes.untrack), wrong, submit);
  const title = sku === null ? text.recipes.add : text.recipes.of(room.nameOf(sku));
  const element = dialog(title, shared.close, form);

  const show = () => swap(list, ...lines.map((line, at) => portion(room, line, at, () => (lines.splice(at, 1), show()))));
  add.addEventListener("click", () => {
    lines.push({ ingredient: "", quantity: "" });
    show();
    list.lastElementChild.querySelector("select").focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const problem = await save(room, sku ?? item.value.trim(), lines, seen);
    submit.disabled = false;
    setText(wrong, problem ?? "");
    wrong.hidden = problem === null;
    if (problem === null) element.close();
  });
  show();
}

function portion(room, line, at, remove) {
  const items = [...room.stock.values()].sort((one, other) => one.name.localeCompare(other.name));
  const option = ({ ingredient, name }) => el("option", { value: ingredient, selected: ingredient === line.ingredient }, name);
  const unit = el("span", { class: "quiet unit" });
  const showUnit = () => setText(unit, unitOf(room, line.ingredient));
  const choose = el("select", { "aria-label": text.recipes.ingredient, "data-focus": `ingredient ${at}` }, el("option", { value: "" }, text.recipes.choose), ...items.map(option));
  choose.addEventListener("change", () => {
    line.ingredient = choose.value;
    showUnit();
  });
  const amount = el("input", { type: "text", inputmode: "numeric", "aria-label": text.recipes.quantity, "data-focus": `quantity ${at}` });
  amount.value = line.quantity;
  amount.addEventListener("input", () => (line.quantity = amount.value));
  showUnit();
  const label = text.recipes.removeThis(room.ingredientName(line.ingredient) || text.recipes.ingredient);
  return el("li", {}, choose, amount, unit, el("button", { type: "button", "aria-label": label, "data-focus": `remove ${at}`, onclick: remove }, "✕"));
}

function unitOf(room, ingredient) {
  const unit = room.stock.get(ingredient)?.unit;
  return text.units[unit] ?? "";
}

/** What is wrong, or null. */
async function save(room, sku, lines, seen) {
  const wanted = lines.filter(({ ingredient, quantity }) => ingredient || quantity.trim());
  const problem = check(room, sku, wanted);
  if (problem) return problem;
  const body = { ingredients: wanted.map(({ ingredient, quantity }) => ({ ingredient, quantity: parse(quantity, 1)[0] })) };
  const now = () => one(`/v1/recipes/${room.path}`, (recipe) => recipe.sku === sku);
  const same = (before, after) => before.version === after.version;
  const path = `/v1/recipes/${room.path}/${encodeURIComponent(sku)}`;
  const saved = await put(path, body, seen.recipe, { now, same }).catch(() => null);
  if (saved === null) return text.problems.unreachable;
  const { answer, other } = saved;
  if (answer.status === 412) {
    seen.recipe = other;
    return other === null ? text.problems.removed : text.problems.changed(inWords(room, other));
  }
  if (!answer.ok) return text.problems.other(why(answer));
  toast(text.recipes.saved(room.nameOf(sku)));
  room.put("recipes", answer.body);
  return null;
}

function inWords(room, { ingredients }) {
  const words = ingredients.map(({ ingredient, quantity }) => `${quantity} ${unitOf(room, ingredient)} ${room.ingredientName(ingredient)}`.replace("  ", " "));
  return shared.list(words) || text.recipes.untracked;
}

/** One whole number, and no other that it could be. */
function isPortion(typed) {
  const [value, ...others] = parse(typed, 1);
  return others.length === 0 && value >= 1 && value < QUANTITY_END;
}

function check(room, sku, wanted) {
  if (!SKU.test(sku)) return text.recipes.skuBad;
  if (wanted.some(({ ingredient, quantity }) => !ingredient || !isPortion(quantity))) return text.recipes.quantityBad;
  const twice = wanted.find(({ ingredient }, at) => wanted.findIndex((one) => one.ingredient === ingredient) !== at);
  return twice ? text.recipes.twice(room.ingredientName(twice.ingredient)) : null;
}

// An ingredient's name, unit, low mark and cost; also how one begins.

import { el } from "/assets/dom.js";
import { dialog, lengthOf } from "/assets/parts.js";
import { shared, why } from "/assets/text.js";
import { address, toast } from "/stock/page.js";
import { one, put } from "/stock/seen.js";
import { text } from "/stock/text.js";
import { parse } from "/stock/units.js";

const NAME_MAX = 100;

/** `ingredient` is null for a new one. */
export function editIngredient(room, ingredient) {
  // What the form shows is what it may write over; once told what somebody else has saved, that as well.
  const seen = { item: room.stock.get(ingredient) ?? null };
  const item = seen.item ?? { name: "", unit: "g", reorder_point: null, unit_cost: null };
  const fields = {
    name: input("name", text.ingredient.name, item.name, { required: true }),
    unit: unitField(item.unit),
    reorder_point: input("mark", text.ingredient.lowMark, item.reorder_point ?? "", { inputmode: "numeric" }, text.ingredient.lowHint),
    unit_cost: input("cost", text.ingredient.cost, item.unit_cost ?? "", { inputmode: "numeric" }),
  };
  const wrong = el("p", { class: "wrong", role: "alert", hidden: true });
  const submit = el("button", { class: "main", type: "submit" }, text.ingredient.save);
  const form = el("form", { class: "body" }, ...Object.values(fields).map((field) => field.element), wrong, submit);
  const element = dialog(ingredient === null ? text.ingredient.new : item.name, shared.close, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const problem = await save(room, ingredient, fields, seen);
    submit.disabled = false;
    wrong.hidden = problem === null;
    wrong.textContent = problem ?? "";
    if (problem === null) element.close();
  });
}

function input(name, label, value, attributes, hint = null) {
  const id = `ingredient-${name}`;
  const field = el("input", { id, type: "text", autocomplete: "off", "aria-describedby": hint && `${id}-hint`, ...attributes });
  field.value = value;
  const element = el("div", { class: "field" }, el("label", { for: id }, label), field, hint && el("span", { class: "quiet", id: `${id}-hint` }, hint));
  return { element, value: () => field.value.trim() };
}

function unitField(unit) {
  const options = Object.entries(text.ingredient.units).map(([value, label]) => el("option", { value, selected: value === unit }, label));
  const field = el("select", { id: "ingredient-unit" }, ...options);
  return { element: el("div", { class: "field" }, el("label", { for: "ingredient-unit" }, text.ingredient.unit), field), value: () => field.value };
}

/** What is wrong, or null. */
async function save(room, ingredient, fields, seen) {
  const name = fields.name.value();
  const slug = ingredient ?? slugOf(name, room.stock);
  if (!slug) return text.ingredient.slugBad;
  if (ingredient === null && room.stock.has(slug)) return text.ingredient.slugTaken;
  const typed = [fields.reorder_point.value(), fields.unit_cost.value()];
  const bad = typed.find((words) => words !== "" && whole(words) === null);
  if (bad !== undefined) return text.ingredient.numberBad(bad);
  if (lengthOf(name) > NAME_MAX) return shared.tooLong(lengthOf(name) - NAME_MAX);
  const [reorder_point, unit_cost] = typed.map(whole);
  const body = { name, unit: fields.unit.value(), reorder_point, unit_cost };
  const now = () => one(`/v1/stock/${room.path}`, (item) => item.ingredient === slug);
  const path = `/v1/stock/${room.path}/${encodeURIComponent(slug)}`;
  const saved = await put(path, body, seen.item, { now, same }).catch(() => null);
  if (saved === null) return text.problems.unreachable;
  const { answer, other } = saved;
  if (answer.status === 412 && ingredient === null) return text.ingredient.slugTaken;
  if (answer.status === 412) {
    seen.item = other;
    return other === null ? text.problems.removed : text.problems.changed(inWords(other));
  }
  if (!answer.ok) return text.problems.other(why(answer));
  toast(text.ingredient.saved(name));
  room.put("stock", answer.body);
  if (ingredient === null) location.hash = address(room, "stock", slug);
  return null;
}

/** Stock comes and goes; what is set here is what somebody has typed. */
function same(one, other) {
  return inWords(one) === inWords(other);
}

function inWords({ name, unit, reorder_point, unit_cost }) {
  const marks = [[text.ingredient.lowMark, reorder_point], [text.ingredient.cost, unit_cost]];
  const set = marks.filter(([, value]) => value !== null && value !== undefined).map(([label, value]) => `${label} ${value}`);
  return shared.list([`${name} (${text.ingredient.units[unit] ?? unit})`, ...set]);
}

/** Null where it is no whole number, or could be another. */
function whole(typed) {
  const [value = null, other] = parse(typed, 1);
  return other === undefined ? value : null;
}

/** "Crème fraîche, 40 %" becomes creme-fraiche-40; what has no such letters, ingredient-12. */
function slugOf(name, stock) {
  const plain = name.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64);
  if (plain || !/[\p{L}\p{N}]/u.test(name)) return plain;
  let number = stock.size + 1;
  while (stock.has(`ingredient-${number}`)) number += 1;
  return `ingredient-${number}`;
}

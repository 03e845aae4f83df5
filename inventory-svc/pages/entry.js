// Entering what came in, what is there or what is thrown away: an amount, two taps, done.

import { el, setAttribute, setText } from "/assets/dom.js";
import { readings } from "/assets/numbers.js";
import { dialog, limit, swap } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { outbox } from "/stock/outbox.js";
import { text } from "/stock/text.js";
import { entryUnits, handful, parse, quantity, signed } from "/stock/units.js";

const MOST = 1_000_000_000;
const REASON_MAX = 500;

export function enter(room, ingredient, kind) {
  const item = room.stock.get(ingredient);
  const units = entryUnits(item.unit);
  const form = { kind, factor: units[0][1], typed: "", reason: "" };
  const parts = formParts(form, item, units, () => update());
  const element = dialog(item.name, shared.close, parts.element);
  element.classList.add("enter");

  const update = () => {
    parts.show(room.stock.get(ingredient), parse(form.typed, form.factor));
  };
  parts.element.addEventListener("submit", (event) => {
    event.preventDefault();
    const [value = NaN, other] = parse(form.typed, form.factor);
    if (other !== undefined || !isFine(form.kind, value)) return parts.complain(item, form);
    if (!parts.fits()) return;
    save(room, item, form, value);
    element.close();
  });
  room.addEventListener("change", update);
  element.addEventListener("close", () => room.removeEventListener("change", update));
  update();
  parts.input.focus();
}

function isFine(kind, value) {
  return value <= MOST && (kind === "count" ? value >= 0 : value >= 1);
}

function save(room, item, { kind, reason }, value) {
  const what = text.entry.of(quantity(value, item.unit), item.name);
  const path = `/v1/stock/${room.path}/${encodeURIComponent(item.ingredient)}/movements`;
  const body = { kind, quantity: value, ...(reason.trim() && { reason: reason.trim() }) };
  outbox.add(path, body, { saved: text.entry.saved[kind](what), what });
}

function formParts(form, item, units, changed) {
  const set = (name, value) => {
    form[name] = value;
    changed();
  };
  const input = el("input", { id: "quantity", class: "amount", type: "text", inputmode: "decimal", autocomplete: "off", "aria-describedby": "becomes wrong" });
  input.addEventListener("input", () => set("typed", input.value));
  const label = el("label", { for: "quantity" });
  const kinds = el("div", { class: "choices", role: "group" });
  const unit = el("div", { class: "choices units", role: "group", "aria-label": text.entry.unit });
  const quick = el("div", { class: "choices" });
  const which = el("div", { class: "which", role: "status" });
  const becomes = el("p", { id: "becomes", class: "becomes", role: "status" });
  const wrong = el("p", { id: "wrong", class: "wrong", role: "alert", hidden: true });
  const reason = reasonField(form);
  const submit = el("button", { class: "main", type: "submit" });
  const element = el(
    "form",
    { class: "body" },
    kinds,
    el("div", { class: "field" }, label, el("div", { class: "with-unit" }, input, unit), which, quick, wrong),
    becomes,
    reason.element,
    submit,
  );

  const type = (value) => {
    input.value = value;
    set("typed", value);
  };
  const show = (now, values) => {
    const value = values.length === 1 ? values[0] : NaN;
    setText(label, text.entry.quantity[form.kind]);
    swap(kinds, ...["receive", "count", "waste"].map((kind) => option(text.kinds[kind], kind === form.kind, `kind ${kind}`, () => set("kind", kind))));
    const labelled = units.filter(([name]) => name !== "");
    swap(unit, ...labelled.map(([name, factor]) => option(name, factor === form.factor, `unit ${name}`, () => set("factor", factor))));
    swap(which, ...whichButtons(form, item, values, type));
    swap(quick, ...quickButtons(form, item, value, type));
    const fine = isFine(form.kind, value);
    setText(becomes, preview(form.kind, now, fine ? value : 0, fine));
    if (fine) wrong.hidden = true;
    setAttribute(input, "aria-invalid", !wrong.hidden && "true");
    setText(submit, text.entry.save[form.kind]);
    reason.show(form.kind);
  };
  const complain = ({ unit: base }, { typed, factor }) => {
    const values = parse(typed, factor);
    const isFraction = values.length === 0 && readings(typed).length > 0;
    setText(wrong, values.length > 1 ? text.entry.twoWays : isFraction ? text.entry.wrongFraction(text.ingredient.units[base]) : text.entry.wrong);
    wrong.hidden = false;
    input.setAttribute("aria-invalid", "true");
    input.focus();
  };
  return { element, input, show, complain, fits: reason.fits };
}

function option(label, pressed, focus, onclick) {
  return el("button", { type: "button", "aria-pressed": String(pressed), "data-focus": focus, onclick }, label);
}

/** In one country `1,000` is one, in another a thousand: whoever typed it knows. */
function whichButtons(form, item, values, type) {
  if (values.length < 2) return [];
  const choose = (value) => el("button", { type: "button", "data-focus": `which ${value}`, onclick: () => type(String(value / form.factor)) }, quantity(value, item.unit));
  return [el("p", {}, text.entry.which(form.typed.trim())), el("div", { class: "choices" }, ...values.map(choose))];
}

/** A count is read off, not added up. */
function quickButtons(form, item, value, type) {
  if (form.kind === "count") return [];
  const add = (amount) => type(String(((Number.isNaN(value) ? 0 : value) + amount) / form.factor));
  const label = (amount) => text.entry.add(quantity(amount, item.unit));
  return handful(form.kind, item.unit).map((amount) => el("button", { type: "button", "data-focus": `add ${amount}`, onclick: () => add(amount) }, label(amount)));
}

function preview(kind, { on_hand, unit }, value, fine) {
  const before = quantity(on_hand, unit);
  if (!fine) return text.entry.becomes(before, "…");
  const after = { receive: on_hand + value, count: value, waste: on_hand - value }[kind];
  const sentence = text.entry.becomes(before, quantity(after, unit));
  return kind === "count" ? text.entry.becomesBy(before, quantity(after, unit), signed(after - on_hand, unit)) : sentence;
}

function reasonField(form) {
  const input = el("input", { id: "reason", type: "text", autocomplete: "off" });
  const long = limit(input, REASON_MAX, shared.tooLong);
  input.addEventListener("input", () => (form.reason = input.value));
  const quick = el("div", { class: "choices" });
  let shown = null;
  const show = (kind) => {
    if (kind === shown) return;
    shown = kind;
    const choose = (reason) => (input.value = form.reason = reason);
    swap(quick, ...text.entry.reasons[kind].map((reason) => el("button", { type: "button", onclick: () => choose(reason) }, reason)));
  };
  return { element: el("div", { class: "field" }, el("label", { for: "reason" }, text.entry.reason), quick, input, long.element), show, fits: long.fits };
}

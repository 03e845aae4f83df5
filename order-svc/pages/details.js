// How and for whom: kept with the cart at each keystroke.

import { el, setAttribute } from "/assets/dom.js";
import { limit } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { taste } from "/order/taste.js";
import { text } from "/order/text.js";

/** As much as the interface takes, however it is divided: 20 of 100 characters, less what joins them. */
const ALLERGIES_MAX = 1000;

/** `check` says whether the order may go, and shows what is missing. */
export function detailsForm(cart) {
  const table = field(cart, "table", { label: text.details.table, most: 20, inputmode: "text", autocomplete: "off" });
  const missing = el("p", { class: "wrong", id: "table-missing", hidden: true }, text.details.tableMissing);
  table.element.append(missing);
  const kinds = kind(cart);
  const fields = [
    table,
    field(cart, "name", { label: text.details.name, hint: text.details.nameHint, most: 100, autocomplete: "given-name", optional: true }),
    field(cart, "allergies", { label: text.details.allergies, hint: text.details.allergiesHint, most: ALLERGIES_MAX, optional: true }),
    field(cart, "notes", { label: text.details.notes, most: 500, optional: true }),
  ];
  const element = el("div", { class: "details" }, kinds.element, ...fields.map((one) => one.element));
  const tell = tellKitchen(cart);
  fields[2].element.append(tell.element);

  const complain = (wrong) => {
    missing.hidden = !wrong;
    setAttribute(table.input, "aria-invalid", wrong && "true");
    setAttribute(table.input, "aria-describedby", wrong && "table-missing");
  };
  const update = () => {
    const atTable = cart.details.type === "dine_in";
    table.element.hidden = !atTable;
    if (!atTable || cart.details.table.trim()) complain(false);
    for (const one of [kinds, ...fields, tell]) one.update();
  };
  const check = () => {
    const wrong = cart.details.type === "dine_in" && !cart.details.table.trim();
    complain(wrong);
    const first = wrong ? table : fields.find((one) => !one.element.hidden && !one.fits());
    first?.input.focus();
    return first === undefined;
  };
  for (const source of [cart, taste]) source.addEventListener("change", update);
  update();
  const close = () => {
    for (const source of [cart, taste]) source.removeEventListener("change", update);
  };
  return { element, check, close };
}

/** What was left out of the menu is not told to the kitchen: one tap tells it. */
function tellKitchen(cart) {
  const button = el("button", { type: "button", class: "plain", onclick: () => tell() });
  const missing = () => [...taste.avoids].map((name) => text.dish.allergens[name]).filter((word) => !cart.details.allergies.toLowerCase().includes(word));
  const tell = () => cart.setDetail("allergies", [cart.details.allergies.trim(), ...missing()].filter(Boolean).join(", "));
  const update = () => {
    const words = missing();
    button.hidden = words.length === 0;
    button.textContent = text.details.tell(words.join(", "));
  };
  return { element: button, update };
}

function kind(cart) {
  const choices = [
    ["pickup", text.details.pickup],
    ["dine_in", text.details.dineIn],
  ].map(([value, label]) => {
    const radio = el("input", { type: "radio", name: "type", value, onchange: () => cart.setDetail("type", value) });
    return { radio, value, element: el("label", { class: "choice" }, radio, label) };
  });
  const element = el(
    "fieldset",
    { class: "kinds" },
    el("legend", {}, text.details.how),
    el("div", { class: "choices" }, ...choices.map((choice) => choice.element)),
  );
  const update = () => choices.forEach(({ radio, value }) => (radio.checked = cart.details.type === value));
  return { element, update };
}

function field(cart, name, { label, hint, optional, most, ...attributes }) {
  const id = `detail-${name}`;
  const input = el("input", { id, type: "text", ...attributes, "aria-describedby": hint && `${id}-hint` });
  input.addEventListener("input", () => cart.setDetail(name, input.value));
  const title = el("label", { for: id }, label, optional && el("span", { class: "quiet optional" }, text.details.optional));
  const { element: long, fits, show } = limit(input, most, shared.tooLong);
  const element = el("div", { class: "field" }, title, input, hint && el("span", { class: "quiet hint", id: `${id}-hint` }, hint), long);
  const update = () => {
    if (input.value !== cart.details[name]) input.value = cart.details[name];
    show();
  };
  return { element, input, update, fits };
}

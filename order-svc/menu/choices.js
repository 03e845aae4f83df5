// Choices of a dish: what has to be chosen with it, and of what. Extras that a choice offers are not offered beside it.

import { el } from "/assets/dom.js";
import { shared } from "/assets/text.js";
import { text } from "/menu/text.js";

const MOST = 20;

/** Both fields: `choices` and `modifiers`. `extras` is `[[sku, name]]`. */
export function choiceFields(extras, changed) {
  const groups = el("div", { class: "groups" });
  const free = el("div", { class: "picked" });
  let state = { choices: [], modifiers: [] };

  const taken = (but) => new Set([...state.choices.filter((choice) => choice !== but).flatMap(({ modifiers }) => modifiers), ...(but ? state.modifiers : [])]);
  const show = () => {
    groups.replaceChildren(...state.choices.map((choice, at) => groupView(choice, at)));
    const used = taken(null);
    free.replaceChildren(picker(text.form.extras, extras.filter(([sku]) => !used.has(sku)), state.modifiers, (skus) => edit(() => (state.modifiers = skus))));
  };
  const edit = (change) => {
    change();
    const focus = document.activeElement?.dataset.focus;
    const open = [...document.querySelectorAll("dialog details[open]")].map((one) => one.dataset.name);
    show();
    for (const one of document.querySelectorAll("dialog details")) one.open = open.includes(one.dataset.name);
    if (focus) document.querySelector(`dialog [data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
    changed();
  };

  const groupView = (choice, at) => {
    const name = el("input", { type: "text", id: `choice-${at}`, "data-focus": `choice-${at}` });
    name.value = choice.name;
    name.addEventListener("input", () => ((choice.name = name.value), changed()));
    const number = (member, label) => {
      const input = el("input", { type: "number", min: member === "min" ? 0 : 1, max: MOST, id: `choice-${at}-${member}` });
      input.value = choice[member];
      input.addEventListener("input", () => ((choice[member] = input.valueAsNumber), changed()));
      return el("div", { class: "field" }, el("label", { for: input.id }, label), input);
    };
    const used = taken(choice);
    const remove = () => edit(() => (state.choices = state.choices.filter((one) => one !== choice)));
    return el(
      "fieldset",
      { class: "card group" },
      el("legend", { class: "unseen" }, choice.name || text.form.addChoice),
      el("div", { class: "field" }, el("label", { for: name.id }, text.form.choiceName), name),
      number("min", text.form.least),
      number("max", text.form.most),
      picker(`${text.form.offers} ${at + 1}`, extras.filter(([sku]) => !used.has(sku)), choice.modifiers, (skus) => edit(() => (choice.modifiers = skus)), text.form.offers),
      el("button", { type: "button", class: "plain danger", "aria-label": text.form.removeChoice(choice.name), onclick: remove }, "✕"),
    );
  };

  const add = () => edit(() => state.choices.push({ name: "", min: 1, max: 1, modifiers: [] }));
  const element = el(
    "div",
    { class: "offers" },
    el("section", {}, el("h3", {}, text.form.choices), el("p", { class: "quiet" }, text.form.choicesHint), groups, el("button", { type: "button", "data-focus": "add-choice", onclick: add }, text.form.addChoice)),
    el("section", {}, el("h3", {}, text.form.extras), el("p", { class: "quiet" }, text.form.extrasHint), free),
  );
  const field = (member) => ({
    get: () => structuredClone(state[member]),
    set: (value) => ((state = { ...state, [member]: structuredClone(value ?? []) }), show()),
  });
  /** What is wrong with a choice and where, or null. */
  const wrong = () => {
    const at = state.choices.findIndex(({ name, min, max, modifiers }) => !name.trim() || modifiers.length === 0 || !(0 <= min && min <= max && 1 <= max && max <= MOST));
    return at < 0 ? null : [text.form.choiceWrong(state.choices[at].name), groups.querySelector(`#choice-${at}`)];
  };
  return { element, wrong, choices: field("choices"), modifiers: field("modifiers") };
}

/** What was picked, in words, and the list to pick from. */
function picker(name, extras, picked, done, label = name) {
  const names = extras.filter(([sku]) => picked.includes(sku)).map(([, called]) => called);
  const boxes = extras.map(([sku, called]) => {
    const box = el("input", { type: "checkbox", value: sku, "data-focus": `${name} ${sku}` });
    box.checked = picked.includes(sku);
    box.addEventListener("change", () => done(box.checked ? [...picked, sku] : picked.filter((one) => one !== sku)));
    return el("label", { class: "choice" }, box, called);
  });
  const list = boxes.length ? el("div", { class: "choices" }, ...boxes) : el("p", { class: "quiet" }, text.form.noExtras);
  return el("details", { "data-name": name }, el("summary", {}, el("strong", {}, label), " ", el("span", { class: "quiet" }, shared.list(names) || text.form.pick)), list);
}

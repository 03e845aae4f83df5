// Diet and allergens: what the menu leaves out. Only what is on this menu is asked for.

import { el, setText } from "/assets/dom.js";
import { dialog } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { icon } from "/order/icons.js";
import { taste } from "/order/taste.js";
import { text } from "/order/text.js";

/** The button that opens it, which says how much is chosen. Not there where the menu says nothing of either. */
export function filterButton(venue) {
  const label = el("span", {});
  const element = el("button", { type: "button", class: "filter", onclick: () => choose(venue) }, icon("sliders"), label);
  const update = () => {
    const { allergens, diets } = told(venue);
    element.hidden = allergens.length + diets.length + taste.count === 0;
    setText(label, text.filter.button(taste.count));
    element.classList.toggle("on", taste.count > 0);
  };
  return { element, update };
}

/** What the menu has words for, in the order of the words. */
function told(venue) {
  const all = [...venue.items.values()];
  const has = (list, name) => list.some((words) => words.includes(name));
  return {
    allergens: Object.keys(text.dish.allergens).filter((name) => taste.avoids.has(name) || has(all.map((item) => item.allergens), name)),
    diets: Object.keys(text.dish.diets).filter((name) => taste.diets.has(name) || has(venue.dishes().map((item) => item.diets), name)),
  };
}

function choose(venue) {
  const { allergens, diets } = told(venue);
  const boxes = (names, words, chosen) =>
    names.map((name) => {
      const box = el("input", { type: "checkbox", value: name, onchange: () => take() });
      box.checked = chosen.has(name);
      return { box, element: el("label", { class: "choice" }, box, words[name]) };
    });
  const avoided = boxes(allergens, text.dish.allergens, taste.avoids);
  const kept = boxes(diets, text.dish.diets, taste.diets);
  const group = (title, all) =>
    all.length > 0 && el("fieldset", { class: "tastes" }, el("legend", {}, title), el("div", { class: "choices" }, ...all.map(({ element }) => element)));
  const show = el("button", { type: "submit", class: "main" });
  const clear = el("button", { type: "button", onclick: () => [...avoided, ...kept].forEach(({ box }) => (box.checked = false)) || take() }, text.filter.clear);
  const names = (all) => all.filter(({ box }) => box.checked).map(({ box }) => box.value);
  const update = () => {
    const dishes = venue.dishes();
    setText(show, text.filter.show(dishes.filter((dish) => taste.suits(dish)).length));
    clear.disabled = taste.count === 0;
  };
  const take = () => {
    taste.set({ avoids: names(avoided), diets: names(kept) });
    update();
  };
  const form = el(
    "form",
    { class: "body", method: "dialog" },
    group(text.filter.only, kept),
    group(text.filter.without, avoided),
    el("p", { class: "quiet" }, text.filter.care),
    el("div", { class: "finish" }, clear, show),
  );
  dialog(text.filter.title, text.dish.close, form).classList.add("choose");
  update();
}

/** What is left out and why, with the way back to all; nothing where nothing is. */
export function filterNote(venue) {
  const sentence = el("p", { role: "status" });
  const all = el("button", { type: "button", class: "plain", onclick: () => taste.set({ avoids: [], diets: [] }) }, text.filter.all);
  const element = el("div", { class: "filter-note" }, sentence, all);
  const update = () => {
    const dishes = venue.dishes();
    const shown = dishes.filter((dish) => taste.suits(dish)).length;
    element.hidden = taste.count === 0;
    const words = (names, of) => shared.list([...names].map((name) => of[name] ?? name));
    setText(sentence, text.filter.note(shown, dishes.length, words(taste.diets, text.dish.diets), words(taste.avoids, text.dish.allergens)));
  };
  return { element, update };
}

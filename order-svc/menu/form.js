// One item, to be made or changed. What is typed is kept until it is saved; what somebody else saved meanwhile is merged.

import { el, setText } from "/assets/dom.js";
import { money } from "/assets/numbers.js";
import { dialog } from "/assets/parts.js";
import { shared, why } from "/assets/text.js";
import { choiceFields } from "/menu/choices.js";
import { Draft } from "/menu/drafts.js";
import { line, price, select, words } from "/menu/fields.js";
import { merge } from "/menu/merge.js";
import { toast } from "/menu/page.js";
import { fieldsOf, put, remove } from "/menu/save.js";
import { text } from "/menu/text.js";

const NEW = { name: null, price: 0, category: null, modifiers: [], choices: [], description: null, photo: null, allergens: [], diets: [], place: null, effect: null };

/** `item` is what is changed, or null for a new one of the kind. */
export function itemForm(venue, stations, kind, item) {
  return new ItemForm(venue, stations, kind, item);
}

class ItemForm {
  /** What is on the menu as far as this form has seen it: the fields, and their version; 0 where it is not there. */
  base;
  version;
  sku;
  #saving = false;
  /** What two people have changed: the names, and which of them it shall be. */
  #conflicts = new Map();

  constructor(venue, stations, kind, item) {
    Object.assign(this, { venue, stations, kind, sku: item?.sku ?? null });
    this.draft = new Draft(venue.slug, item?.sku ?? `new ${kind}`);
    this.base = item ? fieldsOf(item) : { ...NEW, kind, effect: kind === "modifier" ? "add" : null };
    this.version = item?.version ?? 0;
    this.#build(item);
    const kept = this.draft.read();
    if (kept) Object.assign(this, { base: kept.base, version: kept.version });
    this.#fill(kept?.fields ?? this.base);
    this.restored.hidden = !kept;
  }

  #build(item) {
    this.fields = this.#fields();
    this.problem = el("p", { class: "wrong", role: "alert", tabindex: -1, hidden: true });
    this.told = el("div", { class: "told", role: "alert" });
    this.restored = el("p", { class: "restored", role: "status" }, text.form.restored, " ", el("button", { type: "button", onclick: () => this.#startOver() }, text.form.startOver));
    this.submit = el("button", { type: "submit", class: "main" }, item ? text.form.save : text.form.add_);
    this.away = el("button", { type: "button", class: "danger", onclick: () => this.#ask(), hidden: !item }, text.form.remove);
    this.station = this.#stationField();
    const { name, price: cost, category, description, photo, effect, allergens, diets } = this.fields;
    const facts = el("div", { class: "facts" }, ...[name, cost, category, effect, this.station, description, photo].filter(Boolean).map((field) => field.element));
    const parts = [facts, this.offers?.element, allergens.element, diets.element].filter(Boolean);
    const form = el("form", { class: "body", novalidate: true }, this.restored, this.told, ...parts, el("div", { class: "finish" }, this.problem, this.away, this.submit));
    form.addEventListener("submit", (event) => (event.preventDefault(), this.#save()));
    for (const kind of ["input", "change"]) form.addEventListener(kind, () => this.#keep());
    this.dialog = dialog(item?.name ?? text.form.add[this.kind], text.form.close, form);
    this.dialog.classList.add("item-form");
  }

  #fields() {
    const { venue, kind } = this;
    const all = [...venue.items.values()];
    const categories = [...new Set(all.filter((one) => one.kind === kind).map((one) => one.category))].sort();
    const extras = all.filter((one) => one.kind === "modifier").map((one) => [one.sku, one.name]);
    extras.sort(([, one], [, other]) => one.localeCompare(other));
    this.offers = kind === "dish" ? choiceFields(extras, () => this.#keep()) : null;
    const { name: long, category, description, photo, effect, allergens, diets } = text.form;
    return {
      name: line("name", long, { most: 100 }),
      price: price(venue.currency),
      category: line("category", category, { most: 100, list: categories, hint: kind === "dish" ? text.form.categoryHint : null }),
      description: line("description", description, { most: 500, rows: 2, optional: true, hint: text.form.descriptionHint }),
      photo: line("photo", photo, { most: 500, optional: true, hint: text.form.photoHint }),
      ...(kind === "modifier" && { effect: select("effect", effect, Object.entries(text.form.effects)) }),
      ...(this.offers && { choices: this.offers.choices, modifiers: this.offers.modifiers }),
      allergens: words(allergens, text.form.allergensHint, Object.entries(text.allergens)),
      diets: words(diets, null, Object.entries(text.diets)),
    };
  }

  /** A dish may be cooked elsewhere than its category. */
  #stationField() {
    const { stations } = this;
    if (this.kind !== "dish" || !stations.known) return null;
    const options = stations.known.stations.map(({ id, name }) => [id, name]);
    const field = select("station", text.form.station, [["", this.#usualStation()], ...options]);
    field.set(this.sku ? stations.routeOf({ sku: this.sku }) : "");
    return field;
  }

  #usualStation() {
    const category = this.fields.category.get() ?? this.base.category ?? "";
    const station = this.stations.routeOf({ category });
    return station ? text.form.byCategory(this.stations.nameOf(station)) : text.form.byDefault(this.stations.nameOf(this.stations.known.default));
  }

  #fill(fields) {
    for (const [name, field] of Object.entries(this.fields)) field.set(fields[name]);
    if (this.station) this.station.input.options[0].textContent = this.#usualStation();
  }

  /** What is typed, over what nobody can type. */
  #read() {
    return { ...this.base, ...Object.fromEntries(Object.entries(this.fields).map(([name, field]) => [name, field.get()])) };
  }

  #keep() {
    if (!this.dialog) return;
    this.draft.write({ base: this.base, version: this.version, fields: this.#read() });
    if (this.station) this.station.input.options[0].textContent = this.#usualStation();
    this.venue.tell();
  }

  #startOver() {
    this.draft.clear();
    const item = this.venue.items.get(this.sku);
    this.dialog.close();
    itemForm(this.venue, this.stations, this.kind, item ?? null);
  }

  #say(sentence, input = null) {
    this.problem.hidden = !sentence;
    setText(this.problem, sentence ?? "");
    if (sentence) (input ?? this.problem).focus();
  }

  /** The first thing that is wrong with what was typed: `[sentence, where]`. */
  #wrong() {
    const { name, category, price: cost } = this.fields;
    if (!name.get()) return [text.form.nameMissing, name.input];
    if (cost.wrong()) return [cost.wrong(), cost.input];
    if (!category.get()) return [text.form.categoryMissing, category.input];
    const long = Object.values(this.fields).find((field) => field.fits && !field.fits());
    if (long) return [null, long.input];
    const choice = this.offers?.wrong();
    if (choice) return choice;
    return [...this.#conflicts.values()].includes(null) ? [text.form.chooseFirst, this.told.querySelector("input")] : null;
  }

  async #save() {
    if (this.#saving) return;
    const wrong = this.#wrong();
    if (wrong) {
      wrong[1]?.focus();
      return this.#say(...wrong);
    }
    this.#busy(true);
    const sku = this.sku ?? this.#newSku();
    const fields = this.#read();
    const done = await put(this.venue, sku, fields, this.version);
    this.#busy(false);
    if (done?.item) return this.#saved(done.item);
    if (!done) return this.#say(text.form.noAnswer);
    if ("changed" in done) return this.#meet(done.changed, fields);
    this.#say(text.form.refused(why({ body: done.problem, status: done.status })));
  }

  async #saved({ sku, name }) {
    const wanted = this.station?.get();
    if (this.station && wanted !== this.stations.routeOf({ sku })) await this.stations.send({ sku }, wanted);
    this.draft.clear();
    this.dialog.close();
    this.venue.tell();
    toast(text.form.saved(name));
  }

  #busy(saving) {
    this.#saving = saving;
    this.submit.disabled = saving;
    setText(this.submit, saving ? text.form.saving : this.sku ? text.form.save : text.form.add_);
  }

  /** Somebody else was faster: nothing that was typed is lost, and nothing of theirs. */
  #meet(item, mine) {
    if (!item) {
      this.version = 0;
      return this.#say(text.form.gone);
    }
    if (this.sku === null) return this.#say(text.form.there, this.fields.name.input);
    const theirs = fieldsOf(item);
    const { merged, taken, conflicts } = merge(this.base, mine, theirs);
    Object.assign(this, { base: theirs, version: item.version });
    this.#fill(merged);
    this.#keep();
    this.#conflicts = new Map(conflicts.map((name) => [name, null]));
    if (conflicts.length === 0 && taken.length === 0) return this.#save();
    this.#say(null);
    const names = shared.list(taken.map((name) => text.form.fields[name] ?? name));
    const asked = conflicts.map((name) => this.#question(name, mine[name], theirs[name]));
    this.told.replaceChildren(
      ...[conflicts.length > 0 && el("p", {}, text.form.changed), taken.length > 0 && el("p", {}, conflicts.length > 0 ? text.form.alsoTaken(names) : text.form.taken(names)), ...asked].filter(Boolean),
    );
    this.told.scrollIntoView({ block: "start" });
    (this.told.querySelector("input") ?? this.submit).focus({ preventScroll: true });
  }

  #question(name, mine, theirs) {
    const choose = (value, which) => {
      this.#conflicts.set(name, which);
      this.fields[name]?.set(value);
      this.#keep();
    };
    const option = (label, value, which) => {
      const radio = el("input", { type: "radio", name: `conflict-${name}`, onchange: () => choose(value, which) });
      return el("label", { class: "choice" }, radio, el("span", {}, el("strong", {}, label), ` ${this.#shown(name, value)}`));
    };
    return el(
      "fieldset",
      {},
      el("legend", {}, text.form.fields[name] ?? name),
      el("div", { class: "choices" }, option(text.form.yours, mine, "yours"), option(text.form.theirs, theirs, "theirs")),
    );
  }

  #shown(name, value) {
    if (value === null || value?.length === 0) return text.form.nothing;
    if (name === "price") return money({ amount: value, currency: this.venue.currency });
    if (name === "choices") return value.map((choice) => `${choice.name}: ${shared.list(choice.modifiers.map((sku) => this.venue.nameOf(sku)))}`).join("; ");
    const known = { allergens: text.allergens, diets: text.diets }[name];
    if (Array.isArray(value)) return shared.list(value.map((one) => known?.[one] ?? this.venue.nameOf(one)));
    return name === "effect" ? text.form.effects[value] : String(value);
  }

  /** Of the name, and of no other item. */
  #newSku() {
    const plain = (this.fields.name.get() ?? "").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    const base = plain.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 60) || this.kind;
    let sku = base;
    for (let number = 2; this.venue.items.has(sku); number += 1) sku = `${base}_${number}`;
    return sku;
  }

  #ask() {
    const yes = el("button", { type: "button", class: "danger", onclick: () => (element.close(), this.#remove()) }, text.form.removeYes);
    const no = el("button", { type: "button", onclick: () => element.close() }, text.form.removeNo);
    const element = dialog(text.form.remove, text.form.close, el("div", { class: "body" }, el("p", {}, text.form.removeSure(this.base.name)), el("div", { class: "choices" }, yes, no)));
  }

  async #remove() {
    const done = await remove(this.venue, this.sku, this.version);
    if (done && "item" in done) {
      this.draft.clear();
      this.dialog.close();
      return toast(text.form.removed(this.base.name));
    }
    if (done && "changed" in done) return this.#meet(done.changed, this.#read());
    this.#say(done ? text.form.refused(why({ body: done.problem, status: done.status })) : text.form.noAnswer);
  }
}

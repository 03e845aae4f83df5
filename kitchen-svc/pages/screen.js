// The dialog that says what this screen shows: which kitchen, which station, in which look.

import { allLocations, list } from "/assets/api.js";
import { byId, el, setAttribute } from "/assets/dom.js";
import { languageButtons } from "/assets/languages.js";
import { dress, isSlug, save } from "./settings.js";
import { SOUNDS } from "./sound.js";
import { t } from "./text.js";

export class Screen {
  #settings;
  #stations;
  #view;
  #apply;

  /** `stations()` are those of the kitchen, `play(sound)` makes one heard, `apply()` shows what was chosen. */
  constructor(settings, { stations, play, apply }) {
    this.#settings = settings;
    this.#stations = stations;
    this.#view = settings.view;
    this.#apply = apply;
    byId("screen-button").addEventListener("click", () => this.open());
    byId("screen-form").addEventListener("submit", (event) => this.#submit(event));
    byId("location").addEventListener("input", () => this.#showLocation());
    byId("location-choices").addEventListener("click", (event) => {
      const { location } = event.target.closest("button")?.dataset ?? {};
      if (location) byId("location").value = location;
      this.#showLocation();
    });
    byId("sound-tests").append(...SOUNDS.map((sound) =>
      el("button", { type: "button", onclick: () => play(sound) }, t.soundNames[sound])));
    byId("languages").append(...languageButtons());
    this.#choose("themes", t.themes, "theme", (value) => value);
    this.#choose("sizes", t.sizes, "size", Number);
    this.#choose("densities", t.densities, "density", (value) => value);
    this.#choose("tappings", t.tappings, "oneTap", (value) => value === "true");
    byId("expected").append(...Object.entries(t.types).map(([type, name]) => this.#expected(type, name)));
  }

  async open() {
    const dialog = byId("screen");
    if (dialog.open) return;
    byId("location").value = this.#settings.location ?? "";
    byId("location-wrong").hidden = true;
    this.#view = this.#settings.view;
    this.showViews();
    dialog.showModal();
    if (this.#settings.location) byId("views").querySelector("[aria-pressed=true]")?.focus();
    const found = await locations();
    byId("locations").replaceChildren(...found.map(({ location, name }) => el("option", { value: location }, name)));
    byId("location-choices").replaceChildren(...found.map(({ location, name }) =>
      el("button", { type: "button", "data-location": location }, name)));
    // With one kitchen there is nothing to choose.
    if (!byId("location").value && found.length === 1) byId("location").value = found[0].location;
    this.#showLocation();
  }

  #showLocation() {
    const { value } = byId("location");
    for (const button of byId("location-choices").children) {
      setAttribute(button, "aria-pressed", String(button.dataset.location === value));
    }
  }

  /** A button for each thing that the screen can show. */
  showViews() {
    const views = [
      [{ kind: "all" }, t.allStations],
      ...this.#stations().map(({ id, name }) => [{ kind: "station", station: id }, name]),
      [{ kind: "expo" }, t.expo],
    ];
    byId("views").replaceChildren(...views.map(([view, name]) => {
      const pressed = String(isSame(view, this.#view));
      return el("button", { type: "button", "aria-pressed": pressed, onclick: () => this.#pick(view) }, name);
    }));
  }

  /** One tap is enough where the kitchen is known. */
  #pick(view) {
    this.#view = view;
    this.showViews();
    if (isSlug(byId("location").value.trim())) byId("screen-form").requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    const location = byId("location").value.trim();
    const known = isSlug(location);
    byId("location-wrong").hidden = known;
    setAttribute(byId("location"), "aria-invalid", known ? null : "true");
    if (!known) return byId("location").focus();
    const moved = location !== this.#settings.location;
    Object.assign(this.#settings, { location, view: this.#view });
    save(this.#settings);
    byId("screen").close();
    return this.#apply({ moved });
  }

  #choose(id, names, setting, parse) {
    const show = () => {
      for (const button of byId(id).children) {
        setAttribute(button, "aria-pressed", String(parse(button.dataset.value) === this.#settings[setting]));
      }
    };
    byId(id).append(...Object.entries(names).map(([value, name]) =>
      el("button", { type: "button", "data-value": value, onclick: () => {
        this.#settings[setting] = parse(value);
        save(this.#settings);
        dress(this.#settings);
        show();
      } }, name)));
    show();
  }

  #expected(type, name) {
    const value = this.#settings.expected[type] ?? "";
    return el("label", { class: "field" }, name,
      el("input", { type: "number", min: 1, max: 240, inputmode: "numeric", value, onchange: (event) => {
        const minutes = Number(event.target.value);
        if (minutes > 0) this.#settings.expected[type] = minutes;
        else delete this.#settings.expected[type];
        save(this.#settings);
      } }));
  }
}

function isSame(a, b) {
  return a.kind === b.kind && a.station === b.station;
}

/** The locations that are known here: where the kitchen runs alone, those that it has tickets of. */
export async function locations() {
  const known = await allLocations();
  if (known) return known;
  const tickets = (await list("/v1/tickets").catch(() => null)) ?? [];
  return [...new Set(tickets.map((ticket) => ticket.location))].sort().map((location) => ({ location, name: location }));
}

// The day page: the address says which day is shown, so that a reload, a link and the back button lead to the same.
// #at/soho is the day that it is now, #at/soho/2026-11-23 is that one.

import { addressParts } from "/assets/address.js";
import { list } from "/assets/api.js";
import { byId, el, fillTexts, setText } from "/assets/dom.js";
import { FORWARD } from "/assets/language.js";
import { languageField } from "/assets/languages.js";
import { swap } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { timeOfDay } from "/assets/time.js";
import { phone } from "/day/chart.js";
import { Day } from "/day/data.js";
import { text } from "/day/text.js";
import { showDay } from "/day/view.js";

const RETRY_MS = 3000;
const DAY_MS = 24 * 3_600_000;

let locations = [];
let day = null;

function route() {
  const [kind, slug, date = ""] = addressParts();
  if (kind !== "at" || !slug) return start();
  day?.close();
  day = new Day(slug, date);
  day.addEventListener("change", update);
  showLocations();
  byId("main").replaceChildren(el("p", { class: "quiet" }, shared.loading));
  scrollTo(0, 0);
}

/** Without a location in the address: the first. */
async function start() {
  await readLocations();
  if (locations.length > 0) return location.replace(address(locations[0].location));
  byId("main").replaceChildren(el("p", { class: "quiet" }, text.none));
}

async function readLocations() {
  let found = null;
  while ((found = await list("/v1/locations").catch(() => null)) === null) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  locations = found;
  showLocations();
}

function address(slug, date) {
  return `#at/${[slug, date].filter(Boolean).map(encodeURIComponent).join("/")}`;
}

/** The same day elsewhere. */
function showLocations() {
  const option = ({ location: slug, name }) => el("option", { value: slug, selected: slug === day?.slug }, name);
  const select = el("select", { "aria-label": text.location }, ...locations.map(option));
  select.addEventListener("change", () => (location.hash = address(select.value, day?.date)));
  const here = locations.find((one) => one.location === day?.slug);
  byId("location").replaceChildren(locations.length > 1 ? select : el("span", { class: "quiet" }, here?.name ?? ""));
}

function update() {
  showConnection();
  if (day.trouble) return doubt();
  if (!day.sales) return;
  showDays();
  document.title = `${day.sales.date} · ${day.place.name} · ${text.brand}`;
  showDay(byId("main"), day);
}

/** There is no such place, no such date, or it is not for whoever asks. */
function doubt() {
  byId("days").hidden = true;
  const others = day.trouble === "place" ? locations.map(({ location: slug, name }) => el("a", { class: "button", href: address(slug, day.date) }, name)) : [];
  const today = day.trouble === "date" ? el("a", { class: "button", href: address(day.slug) }, text.today) : null;
  byId("main").replaceChildren(el("h2", {}, text.trouble[day.trouble](day.trouble === "date" ? day.date : day.slug)), el("div", { class: "choices" }, ...others, today));
}

function showDays() {
  const { slug, sales } = day;
  const now = JSON.stringify([slug, sales.date, day.isOver]);
  byId("days").hidden = false;
  if (byId("days").dataset.shown === now) return;
  byId("days").dataset.shown = now;
  const link = (by, words, sign) => el("a", { class: "button", href: address(slug, shifted(sales.date, by)), "aria-label": words, title: words, "data-focus": words }, el("span", { "aria-hidden": "true" }, sign));
  const input = el("input", { type: "date", value: sales.date, required: true, "aria-label": text.date, "data-focus": "date" });
  input.addEventListener("change", () => input.value && (location.hash = address(slug, input.value)));
  swap(
    byId("days"),
    link(-1, text.before, FORWARD > 0 ? "‹" : "›"),
    input,
    day.isOver && link(1, text.after, FORWARD > 0 ? "›" : "‹"),
    day.isOver && el("a", { class: "button", href: address(slug), "data-focus": "today" }, text.today),
    el("button", { type: "button", class: "print", "data-focus": "print", onclick: () => print() }, text.print),
  );
}

/** The date so many days later. */
function shifted(date, days) {
  return new Date(Date.parse(`${date}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function showConnection() {
  const since = day.read_at && timeOfDay(day.read_at, day.place?.timezone);
  byId("banner").hidden = !day.isAway;
  setText(byId("banner"), day.isAway ? text.away(since) : "");
}

fillTexts(text);
byId("language").replaceChildren(languageField());
byId("skip").addEventListener("click", () => byId("main").focus());
readLocations();
phone.addEventListener("change", () => day && update());
addEventListener("hashchange", route);
route();

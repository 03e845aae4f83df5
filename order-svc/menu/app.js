// The menu page: the address says what is shown, so that a reload, a link and the back button lead to the same.
// #at/soho/dishes, #at/soho/extras, #at/soho/guests.

import { addressParts } from "/assets/address.js";
import { list } from "/assets/api.js";
import { byId, el, fillTexts, setText } from "/assets/dom.js";
import { languageField } from "/assets/languages.js";
import { swap } from "/assets/parts.js";
import { guestsView } from "/menu/guests.js";
import { listView } from "/menu/list.js";
import { Stations } from "/menu/stations.js";
import { text } from "/menu/text.js";
import { Venue } from "/order/venue.js";

const RETRY_MS = 3000;
const VIEWS = {
  dishes: (main, venue, stations) => listView(main, venue, stations, "dish"),
  extras: (main, venue, stations) => listView(main, venue, stations, "modifier"),
  guests: (main, venue) => guestsView(main, venue),
};

let locations = [];
let venue = null;
let stations = null;
let view = { key: null };

function route() {
  const [kind, slug, tab = "dishes"] = addressParts();
  if (kind !== "at" || !slug) return start();
  if (venue?.slug !== slug) {
    venue?.close();
    venue = new Venue(slug);
    stations = new Stations(slug);
    for (const source of [venue, stations]) source.addEventListener("change", update);
    showLocations();
  }
  view.close?.();
  view = { key: null, tab: VIEWS[tab] ? tab : "dishes" };
  update();
}

/** Without a location in the address: the first. */
async function start() {
  await readLocations();
  if (locations.length > 0) return location.replace(`#at/${encodeURIComponent(locations[0].location)}`);
  byId("main").replaceChildren(el("p", { class: "quiet" }, text.none));
}

async function readLocations() {
  let found = null;
  while ((found = await list("/v1/locations").catch(() => null)) === null) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  locations = found;
  showLocations();
}

function showLocations() {
  const option = ({ location: slug, name }) => el("option", { value: slug, selected: slug === venue?.slug }, name);
  const select = el("select", { "aria-label": text.location }, ...locations.map(option));
  select.addEventListener("change", () => (location.hash = `#at/${encodeURIComponent(select.value)}`));
  const here = locations.find((one) => one.location === venue?.slug);
  byId("location").replaceChildren(locations.length > 1 ? select : el("span", { class: "quiet" }, here?.name ?? ""));
}

function update() {
  showConnection();
  if (venue.missing) return doubt();
  if (!venue.location) return;
  if (view.key === null) {
    const { tab } = view;
    view = { ...VIEWS[tab](byId("main"), venue, stations), key: tab, tab };
    scrollTo(0, 0);
  }
  showTabs();
  document.title = `${text.tabs[view.tab]} · ${venue.location.name} · ${text.brand}`;
  view.update();
}

function doubt() {
  byId("tabs").hidden = true;
  const others = locations.map(({ location: slug, name }) => el("a", { class: "button", href: `#at/${encodeURIComponent(slug)}` }, name));
  byId("main").replaceChildren(el("h2", {}, text.unknown(venue.slug)), el("div", { class: "choices" }, ...others));
}

function showTabs() {
  const tab = (name) => el("a", { class: "button", href: `#at/${encodeURIComponent(venue.slug)}/${name}`, "aria-current": view.tab === name && "page", "data-focus": name }, text.tabs[name]);
  const now = JSON.stringify([venue.slug, view.tab]);
  byId("tabs").hidden = false;
  if (byId("tabs").dataset.shown !== now) swap(byId("tabs"), ...Object.keys(VIEWS).map(tab));
  byId("tabs").dataset.shown = now;
}

function showConnection() {
  const sentence = text.connection[venue?.connection];
  byId("banner").hidden = !sentence;
  setText(byId("banner"), sentence ?? "");
}

fillTexts(text);
document.title = `${text.title} · ${text.brand}`;
byId("language").replaceChildren(languageField());
byId("skip").addEventListener("click", () => byId("main").focus());
readLocations();
addEventListener("hashchange", route);
route();

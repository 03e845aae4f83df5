// The stock page: the address says what is shown, so that a reload, a link and the back button lead to the same.
// #at/soho/stock, #at/soho/stock/flour, #at/soho/recipes, #at/soho/out.

import { addressParts } from "/assets/address.js";
import { list } from "/assets/api.js";
import { byId, el, fillTexts, setAttribute, setText } from "/assets/dom.js";
import { languageField } from "/assets/languages.js";
import { dialog, swap } from "/assets/parts.js";
import { Taking } from "/assets/taking.js";
import { shared, why } from "/assets/text.js";
import { timeOfDay } from "/assets/time.js";
import { Room } from "/stock/data.js";
import { ingredientView } from "/stock/ingredient.js";
import { stockView } from "/stock/list.js";
import { outView } from "/stock/out.js";
import { outbox } from "/stock/outbox.js";
import { address, toast } from "/stock/page.js";
import { recipesView } from "/stock/recipes.js";
import { text } from "/stock/text.js";

const RETRY_MS = 3000;
const SLUG = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const VIEWS = { stock: stockView, recipes: recipesView, out: outView };

let locations = [];
let room = null;
let view = { key: null };
const taking = new Taking(byId("taking-button"), byId("taking"));

function route() {
  const [kind, slug, tab = "stock", name] = addressParts();
  if (kind !== "at" || !slug) return start();
  if (room?.slug !== slug) {
    room?.close();
    room = new Room(slug);
    room.addEventListener("change", update);
    taking.at(slug);
    showLocations();
  }
  show(VIEWS[tab] ? tab : "stock", name);
}

/** Without a location in the address: the first. */
async function start() {
  await readLocations();
  if (locations.length > 0) return location.replace(`#at/${encodeURIComponent(locations[0])}`);
  begin();
}

async function readLocations() {
  let found = null;
  while ((found = await list("/v1/inventory").catch(() => null)) === null) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  locations = found.map((one) => one.location);
  showLocations();
}

/** Nothing is there yet: whoever begins says where. */
function begin() {
  const input = el("input", { id: "slug", type: "text", pattern: "[a-z0-9][a-z0-9_\\-]{0,63}", required: true, "aria-describedby": "slug-hint" });
  const form = el("form", { class: "begin" }, el("label", { for: "slug" }, text.none), input, el("span", { class: "quiet", id: "slug-hint" }, text.noneHint), el("button", { class: "main", type: "submit" }, text.begin));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = `#at/${input.value}`;
  });
  byId("main").replaceChildren(form);
}

function showLocations() {
  const others = locations.length > 1;
  const select = el("select", { "aria-label": text.location }, ...locations.map((slug) => el("option", { value: slug, selected: slug === room?.slug }, slug)));
  select.addEventListener("change", () => (location.hash = `#at/${encodeURIComponent(select.value)}`));
  byId("location").replaceChildren(others ? select : el("span", { class: "quiet" }, room?.slug ?? ""));
}

function show(tab, name) {
  const key = JSON.stringify([room.slug, tab, name]);
  if (key !== view.key) {
    view.close?.();
    byId("main").replaceChildren(el("p", { class: "quiet" }, text.loading));
    const made = tab === "stock" && name ? ingredientView(byId("main"), room, name) : VIEWS[tab](byId("main"), room);
    view = { ...made, key, tab };
    scrollTo(0, 0);
  }
  update();
}

function update() {
  if (room.unknown) return doubt();
  if (!view.key) return route();
  showTabs();
  showConnection();
  document.title = `${text.tabs[view.tab]} · ${room.slug} · ${text.brand}`;
  if (room.loaded) view.update();
}

/** An address with a slip in it must not look like an empty store. */
function doubt() {
  const others = locations.map((slug) => el("a", { class: "button", href: `#at/${encodeURIComponent(slug)}` }, slug));
  const begin = SLUG.test(room.slug) && el("button", { type: "button", onclick: () => room.begin() }, text.beginHere);
  byId("tabs").hidden = true;
  view = { key: null };
  byId("main").replaceChildren(el("div", { class: "begin" }, el("h2", {}, text.unknownPlace(room.slug)), el("div", { class: "choices" }, ...others, begin)));
}

function showTabs() {
  const outs = [...room.availability.values()].filter(({ available }) => !available).length;
  const lows = [...room.stock.values()].filter(({ low }) => low).length;
  const counts = { stock: lows, recipes: 0, out: outs };
  const tab = (name) =>
    el(
      "a",
      { class: "button", href: address(room, name), "aria-current": view.tab === name && "page", "data-focus": name },
      text.tabs[name],
      counts[name] > 0 && el("span", { class: "count" }, name === "stock" ? `${counts[name]} ${text.stock.low}` : String(counts[name])),
    );
  byId("tabs").hidden = false;
  const now = JSON.stringify([room.slug, view.tab, counts]);
  if (byId("tabs").dataset.shown !== now) swap(byId("tabs"), ...Object.keys(VIEWS).map(tab));
  byId("tabs").dataset.shown = now;
}

function showConnection() {
  const away = room.connection === "away";
  setText(byId("live"), away ? "" : `● ${text.connection[room.connection]}`);
  setText(byId("banner"), room.since ? text.connection.stale(timeOfDay(room.since, room.timezone)) : text.connection.none);
  setAttribute(byId("banner"), "class", "banner alarm");
  byId("banner").hidden = !away;
  setText(byId("waiting"), text.connection.waiting(outbox.stuck));
  byId("waiting").hidden = outbox.stuck === 0;
}

function followOutbox() {
  outbox.addEventListener("settled", () => room && showConnection());
  outbox.addEventListener("entered", ({ detail }) => {
    toast(detail.done.saved);
    room?.refresh(["stock"]);
    if (room) showConnection();
  });
  outbox.addEventListener("doubtful", ({ detail }) => askAgain(detail));
  outbox.addEventListener("refused", ({ detail }) => {
    toast(text.entry.refused(detail.done.what, why(detail.answer)), { bad: true });
  });
}

function askAgain({ key, done }) {
  if (document.querySelector("dialog[open]")) return;
  const button = (label, kind, act) => el("button", { type: "button", class: kind, onclick: () => (element.close(), act(key)) }, label);
  const choices = [button(text.entry.stillYes, "main", (one) => outbox.confirm(one)), button(text.entry.stillNo, "", (one) => outbox.discard(one))];
  const body = el("div", { class: "body" }, el("p", {}, text.entry.stillWhy), el("div", { class: "choices" }, ...choices));
  const element = dialog(text.entry.still(done.what), shared.close, body);
}

fillTexts(text);
document.title = `${text.title} · ${text.brand}`;
byId("language").replaceChildren(languageField());
byId("skip").addEventListener("click", () => byId("main").focus());
followOutbox();
readLocations();
addEventListener("hashchange", route);
route();

// The order page: the address says what is shown, so that a reload, a link and the back button lead to the same.
// #locations, #at/soho, #at/soho/basket, #order/<id>, #orders; ?table=12 is what a code on the table says.

import { addressParts } from "/assets/address.js";
import { byId, el, fillTexts } from "/assets/dom.js";
import { languageField } from "/assets/languages.js";
import { historyView } from "/order/history.js";
import { orderView } from "/order/order.js";
import { pastOrders, placedOrders } from "/order/orders.js";
import { banner, head } from "/order/page.js";
import { locationsView } from "/order/locations.js";
import { shopView } from "/order/shop.js";
import { text } from "/order/text.js";

let shown = { key: null, close() {} };

function route() {
  const [kind, name, part] = addressParts();
  const wanted = { at: ["at", name], order: ["order", name], orders: ["orders"] }[kind] ?? ["locations"];
  const key = wanted.join("/");
  if (key !== shown.key) show(key, wanted);
  shown.turn?.(part);
  showMine(name);
}

function show(key, [kind, name]) {
  shown.close();
  banner(null);
  head(text.title);
  const main = byId("main");
  main.replaceChildren(el("p", { class: "quiet loading" }, text.loading));
  const views = { at: () => shopView(main, name), order: () => orderView(main, name), orders: () => historyView(main), locations: () => locationsView(main) };
  shown = { ...views[kind](), key };
  scrollTo(0, 0);
}

/** The way back to what was ordered today, and before. */
function showMine(current) {
  const orders = placedOrders().filter((order) => order.id !== current);
  const links = orders.slice(0, 2).map(({ id, number }) => el("a", { href: `#order/${id}` }, text.order.title(number)));
  if (pastOrders().length > 0 && !location.hash.startsWith("#orders")) links.push(el("a", { href: "#orders" }, text.history.title));
  byId("mine").hidden = links.length === 0;
  byId("mine").setAttribute("aria-label", text.order.yours);
  byId("mine").replaceChildren(...links);
}

fillTexts(text);
document.title = `${text.title} · ${text.brand}`;
byId("language").replaceChildren(languageField());
byId("skip").addEventListener("click", () => byId("main").focus());
addEventListener("hashchange", route);
route();

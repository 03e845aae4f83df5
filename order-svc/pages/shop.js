// A location: its menu beside what the guest is about to order. On a phone one at a time.

import { request } from "/assets/api.js";
import { el, setAttribute } from "/assets/dom.js";
import { follow } from "/assets/language.js";
import { basketBar, basketView } from "/order/basket.js";
import { Cart } from "/order/cart.js";
import { menuView } from "/order/menu.js";
import { banner, head } from "/order/page.js";
import { Venue } from "/order/venue.js";
import { modeText } from "/order/send.js";
import { Submission } from "/order/submit.js";
import { text } from "/order/text.js";

const OTHERS = [text.locations.change, "#locations"];

export function shopView(main, slug) {
  const addresses = { menu: `#at/${encodeURIComponent(slug)}`, basket: `#at/${encodeURIComponent(slug)}/basket` };
  const venue = new Venue(slug);
  const cart = new Cart(slug);
  const submission = new Submission(cart, venue, (order) => (location.hash = `#order/${order.id}`));
  const parts = [menuView(venue, cart), basketView(venue, cart, submission, addresses.menu), basketBar(venue, cart, addresses.basket)];
  const shop = el("div", { class: "shop" }, ...parts.map((part) => part.element));
  const [menu] = parts;
  let others = null;
  let closed = false;
  /** Whether the page is in the language of the restaurant, as far as it can be. */
  let isFollowed = false;

  const update = () => {
    if (closed) return;
    if (venue.missing) return lost(main);
    if (!venue.location) return banner(venue.connection === "away" ? text.connection.away : null);
    if (!isFollowed) follow(slug, venue.location.language);
    isFollowed = true;
    if (!shop.isConnected) main.replaceChildren(shop);
    head(venue.location.name, { mode: venue.mode, back: others });
    setAttribute(menu.element, "inert", cart.isSending);
    showBanner(venue);
  };
  const sources = [venue, cart];
  for (const source of sources) source.addEventListener("change", update);
  update();
  hasOthers().then((found) => {
    others = found ? OTHERS : null;
    update();
  });
  cart.recovered.then(() => {
    if (closed) return;
    sit(cart);
    if (cart.isSending && !location.hash.endsWith("/basket")) location.replace(addresses.basket);
  });

  const turn = (part) => {
    setAttribute(shop, "data-shown", part === "basket" ? "basket" : "menu");
    scrollTo(0, 0);
  };
  const close = () => {
    closed = true;
    for (const source of sources) source.removeEventListener("change", update);
    for (const part of parts) part.close();
    for (const one of [submission, venue, cart]) one.close();
  };
  return { turn, close };
}

/** Whether there is another location to choose. */
async function hasOthers() {
  const answer = await request("GET", "/v1/locations?limit=2").catch(() => null);
  return answer?.ok === true && answer.body.items.length > 1;
}

/** A code on a table brings its number along. */
function sit(cart) {
  const table = new URLSearchParams(location.search).get("table");
  if (!table || cart.isSending || cart.details.table === table) return;
  cart.change(({ details }) => Object.assign(details, { type: "dine_in", table }));
}

function lost(main) {
  head(text.title, { back: OTHERS });
  main.replaceChildren(el("p", { class: "quiet" }, text.locations.unknown));
}

function showBanner(venue) {
  if (venue.mode !== "open") return banner(modeText(venue.mode, venue.location.until, venue));
  if (venue.connection !== "away" && venue.busy) return banner(text.mode.busy(venue.busy));
  banner({ away: text.connection.away, polling: text.connection.polling }[venue.connection], "info");
}

// Where to order. A single location is gone to at once.

import { list } from "/assets/api.js";
import { el } from "/assets/dom.js";
import { head } from "/order/page.js";
import { text } from "/order/text.js";

const RETRY_MS = 3000;

export function placesView(main) {
  let retry = 0;
  const load = async () => {
    const places = await list("/v1/locations").catch(() => null);
    if (places === null || places.length === 0) retry = setTimeout(load, RETRY_MS);
    if (places !== null && retry !== null) show(main, places);
  };
  load();
  const close = () => {
    clearTimeout(retry);
    retry = null;
  };
  return { close };
}

function show(main, places) {
  if (places.length === 1) return location.replace(`#at/${encodeURIComponent(places[0].location)}`);
  head(text.title);
  const items = places.map((place) => el("li", {}, link(place)));
  const none = el("p", { class: "quiet" }, text.places.none);
  const heading = el("h2", {}, text.places.heading);
  main.replaceChildren(el("div", { class: "choose-place" }, heading, items.length ? el("ul", { class: "places" }, ...items) : none));
}

function link({ location, name, mode }) {
  const badge = el("span", { class: `badge ${mode === "open" ? "good" : "warn"}` }, text.mode[mode]);
  return el("a", { class: "card", href: `#at/${encodeURIComponent(location)}` }, el("strong", {}, name), badge);
}

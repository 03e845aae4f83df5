// Where to order. A single location is gone to at once.

import { list } from "/assets/api.js";
import { el } from "/assets/dom.js";
import { head } from "/order/page.js";
import { text } from "/order/text.js";

const RETRY_MS = 3000;

export function locationsView(main) {
  let retry = 0;
  const load = async () => {
    const locations = await list("/v1/locations").catch(() => null);
    if (locations === null || locations.length === 0) retry = setTimeout(load, RETRY_MS);
    if (locations !== null && retry !== null) show(main, locations);
  };
  load();
  const close = () => {
    clearTimeout(retry);
    retry = null;
  };
  return { close };
}

function show(main, locations) {
  if (locations.length === 1) return location.replace(`#at/${encodeURIComponent(locations[0].location)}`);
  head(text.title);
  const items = locations.map((one) => el("li", {}, link(one)));
  const none = el("p", { class: "quiet" }, text.locations.none);
  const heading = el("h2", {}, text.locations.heading);
  main.replaceChildren(el("div", { class: "choose-location" }, heading, items.length ? el("ul", { class: "locations" }, ...items) : none));
}

function link({ location, name, mode }) {
  const badge = el("span", { class: `badge ${mode === "open" ? "good" : "warn"}` }, text.mode[mode]);
  return el("a", { class: "card", href: `#at/${encodeURIComponent(location)}` }, el("strong", {}, el("bdi", {}, name)), badge);
}

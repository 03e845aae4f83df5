// The live list of what the services say, newest first. The filter is the server's: what it admits is not crowded out by
// what it does not.

import { el, setAttribute, setText } from "/assets/dom.js";
import { openEvent } from "/console/event.js";
import { ROWS_MAX, feed } from "/console/feed.js";
import { SERVICES } from "/console/samples.js";
import { text, timeOfEvent } from "/console/text.js";

const TYPES = ["order.*", "stock.*", "ticket.*", "menu.changed", "location.changed", "availability.changed", "recipe.changed", "pace.changed", "item.marked_out", "stations.changed"];
/** After the last key the filter is asked for. */
const TYPING_MS = 350;

export function eventsView(main) {
  const list = el("ol", { class: "events", "aria-label": text.events.list });
  const hint = el("p", { class: "quiet" });
  const skipped = el("p", { class: "skipped", role: "status" });
  const pause = el("button", { type: "button", id: "pause", "aria-keyshortcuts": "p", onclick: () => feed.pause(!feed.paused) });
  main.replaceChildren(el("h2", { class: "unseen" }, text.tabs.events), filters(pause), skipped, list, hint);

  let frame = 0;
  const draw = () => {
    frame = 0;
    drawList(list);
    setText(pause, feed.paused ? text.events.resume(feed.waitingCount) : text.events.pause);
    setAttribute(pause, "aria-pressed", String(feed.paused));
    setText(skipped, feed.skipped > 0 ? text.events.skipped(feed.skipped) : "");
    skipped.hidden = feed.skipped === 0;
    setText(hint, feed.rows.length === 0 ? text.events.none : feed.rows.length >= ROWS_MAX ? text.events.last(ROWS_MAX) : "");
  };
  const schedule = () => (frame ||= requestAnimationFrame(draw));
  feed.addEventListener("events", schedule);
  draw();
  return {
    press: (key) => {
      if (key === "p") feed.pause(!feed.paused);
      else if (key === "/") main.querySelector("#filter input").focus();
      return key === "p" || key === "/";
    },
    close: () => {
      cancelAnimationFrame(frame);
      feed.removeEventListener("events", schedule);
    },
  };
}

function filters(pause) {
  const field = (name, label, input) => el("div", { class: "field" }, el("label", { for: `filter-${name}` }, label), input);
  const input = (name, label, hint, list) =>
    field(name, label, el("input", { id: `filter-${name}`, type: "search", name, placeholder: hint, value: feed.filter[name] ?? "", autocomplete: "off", spellcheck: "false", list }));
  const option = (service, label) => el("option", { value: service, selected: (feed.filter.service ?? "") === service }, label);
  const services = el("select", { id: "filter-service", name: "service" }, option("", text.events.anyService), ...SERVICES.map((service) => option(service, text.names[service])));
  const types = el("datalist", { id: "types" }, ...TYPES.map((type) => el("option", { value: type })));
  const form = el(
    "form",
    { id: "filter", class: "tools", role: "search", "aria-label": text.events.filter },
    input("order", text.events.order, text.events.orderHint),
    input("type", text.events.type, text.events.typeHint, "types"),
    types,
    input("location", text.events.location, text.events.locationHint),
    field("service", text.events.service, services),
    el("div", { class: "ends" }, pause),
  );
  let timer = 0;
  const narrow = () => {
    clearTimeout(timer);
    const wanted = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim().replace(/^#/, "")]).filter(([, value]) => value));
    if (JSON.stringify(wanted) !== JSON.stringify(feed.filter)) feed.narrow(wanted);
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(narrow, TYPING_MS);
  });
  form.addEventListener("change", narrow);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    narrow();
  });
  return form;
}

/** Those that stay are left as they are: whoever points at one or has its focus keeps it. */
function drawList(list) {
  const key = (row) => `${row.feed}.${row.position}`;
  const wanted = new Set(feed.rows.map(key));
  const known = new Map();
  for (const element of [...list.children]) {
    if (wanted.has(element.dataset.key)) known.set(element.dataset.key, element);
    else element.remove();
  }
  let next = list.firstElementChild;
  for (const row of feed.rows) {
    const element = known.get(key(row)) ?? shown(row, key(row));
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
}

function shown(row, key) {
  const number = row.order && feed.numberOf(row.order);
  const order = row.order && el("a", { class: "order", href: `#trace/${encodeURIComponent(row.order)}` }, el("span", { class: "unseen" }, text.events.trace), number ? `#${number}` : `…${row.order.slice(-6)}`);
  return el(
    "li",
    { "data-key": key, class: row.service },
    el(
      "button",
      { type: "button", class: "event", onclick: () => openEvent(row) },
      el("time", { datetime: row.time }, timeOfEvent(row.time)),
      el("span", { class: "service" }, text.names[row.service]),
      el("strong", { class: "type" }, row.type),
      el("span", { class: "where" }, where(row)),
    ),
    order,
  );
}

/** What it is about, where that is no order: a location, an item of one. */
function where({ order, location, subject }) {
  if (order) return location;
  return subject.startsWith(location) ? subject : `${location} · ${subject}`;
}

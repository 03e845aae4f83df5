// How the services do, now and over the last hour.

import { el, setAttribute, setText } from "/assets/dom.js";
import { timeOfDay } from "/assets/time.js";
import { feed } from "/console/feed.js";
import { SERVICES, samples } from "/console/samples.js";
import { sparkline, summary } from "/console/spark.js";
import { measure, text } from "/console/text.js";

/** What each card shows, in this order. */
const MEASURES = ["behind", "lag_s", "pending", "oldest_s", "said_per_s", "taken_in_per_s", "batch_inputs", "batch_ms", "http_per_s", "dead"];

/** An event is usually taken in within a fraction of a second. */
const LATE_S = 2;

export function healthView(main) {
  const since = el("p", { class: "quiet" });
  const cards = SERVICES.map(card);
  const headline = el("p", { class: "headline", role: "status" });
  main.replaceChildren(el("h2", {}, text.health.title), headline, since, el("div", { class: "services" }, ...cards.map(({ element }) => element)));
  const draw = () => {
    setText(since, samples.last_ms ? text.health.since(timeOfDay(samples.first_ms), samples.every_s) : text.health.none);
    const late = SERVICES.filter(isBehind);
    const known = SERVICES.every((service) => samples.now(`${service} behind`) !== null);
    setAttribute(headline, "class", late.length ? "headline late" : "headline");
    setText(headline, late.length ? late.map((service) => text.health.behind(text.names[service], samples.now(`${service} behind`))).join(" ") : known ? text.health.together : "");
    headline.hidden = headline.textContent === "";
    for (const { draw } of cards) draw();
  };
  feed.addEventListener("services", draw);
  samples.addEventListener("change", draw);
  draw();
  return {
    close: () => {
      feed.removeEventListener("services", draw);
      samples.removeEventListener("change", draw);
    },
  };
}

/** What is on its way for a moment is no reason to worry. */
function isBehind(service) {
  return samples.now(`${service} behind`) > 0 && samples.now(`${service} lag_s`) >= LATE_S;
}

function card(service) {
  const id = `of-${service}`;
  const badge = el("span", { class: "badge" });
  const charts = MEASURES.map((name) => chart(service, name));
  const table = tableOf(service);
  const element = el(
    "section",
    { class: `card service ${service}`, "aria-labelledby": id },
    el("header", {}, el("h3", { id }, text.names[service]), badge),
    el("div", { class: "charts" }, ...charts.map(({ element }) => element)),
    table.element,
  );
  const draw = () => {
    const known = feed.services.find((one) => one.service === service);
    setAttribute(badge, "class", known?.away ? "badge bad" : "badge good");
    setText(badge, known?.away ? `✕ ${text.health.away}` : `✓ ${text.health.answers}`);
    badge.hidden = !known;
    for (const one of charts) one.draw();
    table.draw();
  };
  return { element, draw };
}

function chart(service, name) {
  const series = `${service} ${name}`;
  const { title, show } = measure(name);
  const line = sparkline(series);
  const value = el("strong", { class: "value" });
  const most = el("span", { class: "quiet most" });
  const element = el("div", { class: "chart" }, el("span", { class: "title" }, title), value, line.element, most);
  const draw = () => {
    const all = summary(series);
    setText(value, show(all?.now ?? null));
    setText(most, all ? text.health.most(show(all.most)) : "");
    line.draw(all ? text.health.summary(title, show(all.now), show(all.least), show(all.most)) : text.health.unknown(title));
  };
  return { element, draw };
}

/** The same for those who read rather than look. Filled while it is open. */
function tableOf(service) {
  const body = el("tbody", {});
  const columns = [text.health.what, text.health.now, text.health.least, text.health.mean, text.health.mostOf];
  const head = el("thead", {}, el("tr", {}, ...columns.map((name, place) => el("th", { scope: "col", class: place && "number" }, name))));
  const table = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": text.health.table(text.names[service]) }, el("table", {}, head, body));
  const element = el("details", {}, el("summary", {}, text.health.asTable), table);
  const row = (series, { title, show }) => {
    const all = summary(series);
    const values = [all?.now, all?.least, all?.mean, all?.most];
    return el("tr", {}, el("th", { scope: "row" }, title), ...values.map((value) => el("td", { class: "number" }, show(value ?? null))));
  };
  const draw = () => {
    if (!element.open) return;
    const own = MEASURES.map((name) => row(`${service} ${name}`, measure(name)));
    const pairs = samples.speakersTo(service).map((speaker) => row(`${speaker}>${service} behind`, { ...measure("behind"), title: text.health.behindOne(text.names[speaker]) }));
    body.replaceChildren(...own, ...pairs);
  };
  element.addEventListener("toggle", draw);
  return { element, draw };
}

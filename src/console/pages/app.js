// The console: the address says what is shown, so that a reload, a link and the back button lead to the same.
// #health, #events, #trace/12, #dead.

import { addressParts } from "/assets/address.js";
import { byId, el, fillTexts, setText } from "/assets/dom.js";
import { languageField } from "/assets/languages.js";
import { swap } from "/assets/parts.js";
import { timeOfDay } from "/assets/time.js";
import { deadView } from "/console/dead.js";
import { eventsView } from "/console/events.js";
import { feed } from "/console/feed.js";
import { healthView } from "/console/health.js";
import { SERVICES, samples } from "/console/samples.js";
import { text } from "/console/text.js";
import { traceView } from "/console/trace.js";

const VIEWS = { health: healthView, events: eventsView, trace: traceView, dead: deadView };

let view = { tab: null };

function route() {
  const [name, argument = ""] = addressParts();
  const tab = VIEWS[name] ? name : "health";
  if (tab !== view.tab) {
    view.close?.();
    byId("main").replaceChildren();
    view = { ...VIEWS[tab](byId("main")), tab };
    document.title = `${text.tabs[tab]} · ${text.title} · ${text.brand}`;
    scrollTo(0, 0);
  }
  view.show?.(argument);
  showTabs();
}

function showTabs() {
  const dead = SERVICES.reduce((sum, service) => sum + (samples.now(`${service} dead`) ?? 0), 0);
  const shown = JSON.stringify([view.tab, dead]);
  if (byId("tabs").dataset.shown === shown) return;
  byId("tabs").dataset.shown = shown;
  const tab = (name) =>
    el(
      "a",
      { class: "button", href: `#${name}`, "aria-current": view.tab === name && "page", "data-focus": name },
      text.tabs[name],
      name === "dead" && dead > 0 && el("span", { class: "count" }, String(dead)),
    );
  swap(byId("tabs"), ...Object.keys(VIEWS).map(tab));
}

/** What is not live is said above everything, for as long as it is so. */
function showConnection() {
  const away = feed.services.filter((one) => one.away);
  const since = (heard) => (heard === null ? null : timeOfDay(new Date(heard)));
  const words =
    feed.live === false ? text.consoleAway(since(feed.since)) : away.map(({ service, heard }) => text.serviceAway(text.names[service], since(heard))).join(" ");
  setText(byId("banner"), words);
  byId("banner").hidden = words === "";
  setText(byId("live"), feed.live && away.length === 0 ? `● ${text.live}` : "");
}

/** Letters that are typed into a field mean themselves. */
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  if (document.querySelector("dialog[open]")) return;
  const tab = Object.keys(VIEWS)[Number(event.key) - 1];
  if (tab) location.hash = tab;
  else if (!view.press?.(event.key)) return;
  event.preventDefault();
}

fillTexts(text);
document.title = `${text.title} · ${text.brand}`;
byId("language").replaceChildren(languageField());
byId("skip").addEventListener("click", () => byId("main").focus());
addEventListener("hashchange", route);
addEventListener("keydown", press);
feed.addEventListener("services", showConnection);
samples.addEventListener("change", showTabs);
route();
feed.open();

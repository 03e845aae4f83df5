// The start page: the ways in, and whether everything is healthy, asked again and again.

import { request } from "/assets/api.js";
import { clock } from "/assets/clock.js";
import { byId, el, fillTexts, setText } from "/assets/dom.js";
import { languageField } from "/assets/languages.js";
import { timeOfDay } from "/assets/time.js";
import { text } from "/start/text.js";

const ASK_MS = 3000;

let answered_ms = null;

async function ask() {
  const answer = await request("GET", "/healthz/ready", { timeout_ms: ASK_MS }).catch(() => null);
  if (answer?.body?.services) show(answer.ok, answer.body);
  else showAway();
  setTimeout(ask, ASK_MS);
}

/** Not ready is an answer too: it says what is wrong. */
function show(healthy, { services }) {
  answered_ms = clock.now();
  headline(healthy, healthy ? text.healthy : text.unhealthy);
  byId("services").replaceChildren(...Object.keys(text.services).filter((name) => name in services).map((name) => service(name, services[name])));
}

function showAway() {
  headline(false, text.away(answered_ms && timeOfDay(answered_ms)));
  byId("services").replaceChildren();
}

function headline(healthy, sentence) {
  byId("health").className = `card health ${healthy ? "good" : "bad"}`;
  setText(byId("health-heading"), `${healthy ? "✓" : "✕"} ${sentence}`);
}

function service(name, state) {
  const ok = state === "ok";
  return el("li", {}, el("span", {}, text.services[name]), el("span", { class: `badge ${ok ? "good" : "bad"}` }, ok ? `✓ ${text.ok}` : `✕ ${text.failing}`), !ok && el("code", { lang: "en", dir: "ltr" }, state));
}

fillTexts(text);
byId("language").replaceChildren(languageField());
setText(byId("health-heading"), text.asking);
ask();

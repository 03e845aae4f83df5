// What the services could not take in, by why: taken in after all, or discarded, one or all that are alike.

import { el, setText } from "/assets/dom.js";
import { groupBy } from "/assets/groups.js";
import { dialog } from "/assets/parts.js";
import { shared } from "/assets/text.js";
import { ask } from "/console/ask.js";
import { copyButton, fact, json } from "/console/event.js";
import { moment, text } from "/console/text.js";

/** Letters of a group that are listed at once. */
const LISTED_MAX = 50;

export function deadView(main) {
  const told = el("div", { class: "told", role: "status" });
  const all = el("div", { class: "groups" });
  const more = el("p", { class: "quiet" });
  const again = el("button", { type: "button", onclick: () => load() }, text.dead.again);
  const every = el("button", { type: "button", hidden: true, onclick: () => work.redrive(letters) });
  main.replaceChildren(el("div", { class: "heading" }, el("h2", {}, text.dead.title), every, again), told, all, more);
  let letters = [];
  let closed = false;

  const load = async () => {
    const { body, wrong } = await ask("GET", "/console/dead");
    if (closed) return;
    if (wrong) return setText(more, wrong);
    letters = body.items;
    const groups = groupBy(letters, ({ service, type, group }) => JSON.stringify([service, type, group]));
    const opened = new Set([...all.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    all.replaceChildren(...[...groups].sort(([, one], [, other]) => other.length - one.length).map(([key, alike]) => group(key, alike, work, opened.has(key))));
    every.hidden = groups.size < 2;
    setText(every, text.dead.redriveAll(letters.length));
    const names = (services) => shared.list(services.map((service) => text.names[service]));
    setText(more, [letters.length === 0 && body.away.length === 0 && text.dead.none, body.more.length > 0 && text.dead.more(names(body.more)), body.away.length > 0 && text.dead.away(names(body.away))].filter(Boolean).join(" "));
  };
  const work = worker(told, load);
  load();
  return {
    close: () => {
      closed = true;
      work.stop();
    },
  };
}

/** Does one after the other, oldest first, and says what came of each. */
function worker(told, done) {
  let going = false;
  const run = async (letters, act) => {
    if (going || letters.length === 0) return;
    going = true;
    const outcomes = new Map();
    const progress = el("p", {});
    const each = el("ul", { class: "each", tabindex: 0, "aria-label": text.dead.each });
    told.replaceChildren(progress, el("button", { type: "button", onclick: () => (going = false) }, text.dead.stop), each);
    for (const letter of [...letters].sort((one, other) => one.at.localeCompare(other.at))) {
      if (!going) break;
      const { outcome, reason, fatal } = await act(letter);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      each.prepend(el("li", {}, el("strong", {}, text.dead.outcomes[outcome]), ` ${letter.type ?? text.dead.unreadable} …${letter.id.slice(-6)}`, reason ? `: ${reason}` : ""));
      setText(progress, text.dead.progress([...outcomes.values()].reduce((one, other) => one + other, 0), letters.length));
      if (fatal) break;
    }
    going = false;
    const sums = [...outcomes].map(([outcome, number]) => text.dead.sum(number, text.dead.outcomes[outcome])).join(", ");
    told.replaceChildren(el("p", {}, text.dead.total(letters.length, sums)), each);
    await done();
  };
  return {
    redrive: (letters) => run(letters, redrive),
    discard: (letters) => confirmDiscard(letters, (reason) => run(letters, (letter) => discard(letter, reason))),
    stop: () => (going = false),
  };
}

const address = ({ feed, id }) => `/console/dead/${feed}/${id}`;

/** A service that does not answer may have died of the letter: the next one is not tried. */
async function redrive(letter) {
  const { body, wrong, status } = await ask("POST", `${address(letter)}/redrive`);
  if (!wrong) return body;
  return status === 404 ? { outcome: "gone" } : { outcome: "failed", reason: text.dead.unsure(wrong), fatal: true };
}

async function discard(letter, reason) {
  const { wrong, status } = await ask("POST", `${address(letter)}/discard`, { reason });
  if (!wrong) return { outcome: "discarded" };
  return status === 404 ? { outcome: "gone" } : { outcome: "failed", reason: wrong, fatal: true };
}

function confirmDiscard(letters, go) {
  const reason = el("textarea", { id: "reason", required: true, maxlength: 1000, rows: 3 });
  const form = el(
    "form",
    { class: "body" },
    el("p", {}, text.dead.discardHint),
    el("div", { class: "field" }, el("label", { for: "reason" }, text.dead.why), reason),
    el("button", { type: "submit", class: "danger" }, text.dead.discardThese(letters.length)),
  );
  const shown = dialog(text.dead.discardTitle(letters.length), shared.close, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    shown.close();
    go(reason.value);
  });
}

function group(key, letters, work, open) {
  const [first] = letters;
  const seen = [...letters.map(({ at }) => at)].sort()[0];
  const last = [...letters.map(({ last_at }) => last_at)].sort().at(-1);
  const list = el("ul", { class: "letters" });
  const details = el("details", { "data-key": key, open }, el("summary", {}, text.dead.letters(letters.length)), list);
  const fill = () => {
    if (!details.open || list.childElementCount > 0) return;
    list.append(...letters.slice(0, LISTED_MAX).map((letter) => item(letter, work)));
    if (letters.length > LISTED_MAX) list.append(el("li", { class: "quiet" }, text.dead.others(letters.length - LISTED_MAX)));
  };
  details.addEventListener("toggle", fill);
  fill();
  return el(
    "section",
    { class: `card group ${first.service}`, "aria-label": text.dead.groupOf(letters.length, first.type ?? text.dead.unreadable, text.names[first.service]) },
    el("h3", {}, `${letters.length} × ${first.type ?? text.dead.unreadable}`, el("span", { class: "service" }, text.names[first.service])),
    el("p", { class: "reason" }, first.group),
    el("p", { class: "quiet" }, text.dead.seen(moment(seen), moment(last))),
    el(
      "div",
      { class: "choices" },
      el("button", { type: "button", onclick: () => work.redrive(letters) }, text.dead.redriveThese(letters.length)),
      el("button", { type: "button", class: "danger", onclick: () => work.discard(letters) }, text.dead.discardThese(letters.length)),
    ),
    details,
  );
}

function item(letter, work) {
  return el(
    "li",
    { "data-letter": letter.id },
    el("span", { class: "id" }, `…${letter.id.slice(-6)}`),
    el("span", {}, letter.subject ?? text.dead.unknown),
    el("span", { class: "quiet" }, text.dead.facts(letter.attempts, letter.bytes, moment(letter.at), moment(letter.last_at))),
    el(
      "span",
      { class: "choices" },
      el("button", { type: "button", "aria-label": text.dead.showThis(letter.id), onclick: () => openLetter(letter) }, text.dead.show),
      el("button", { type: "button", "aria-label": text.dead.redriveThis(letter.id), onclick: () => work.redrive([letter]) }, text.dead.redrive),
      el("button", { type: "button", class: "danger", "aria-label": text.dead.discardThis(letter.id), onclick: () => work.discard([letter]) }, text.dead.discard),
    ),
  );
}

async function openLetter(letter) {
  const body = el("div", { class: "body" }, el("p", { class: "quiet" }, shared.loading));
  dialog(letter.type ?? text.dead.unreadable, shared.close, body);
  const { body: whole, wrong } = await ask("GET", address(letter));
  if (wrong) return body.replaceChildren(el("p", { class: "wrong", role: "alert" }, wrong));
  const facts = [
    [text.dead.id, whole.id],
    [text.dead.reason, whole.reason],
    [text.dead.attempts, String(whole.attempts)],
    [text.dead.firstSeen, moment(whole.at)],
    [text.dead.lastSeen, moment(whole.last_at)],
  ];
  body.replaceChildren(
    el("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => fact(name, value))),
    el("div", { class: "choices" }, copyButton(() => whole.body_base64 ?? whole.body)),
    json(readable(whole.body)),
  );
}

/** JSON laid out; whatever else as it is. */
function readable(bytes) {
  try {
    return JSON.parse(bytes);
  } catch {
    return bytes;
  }
}

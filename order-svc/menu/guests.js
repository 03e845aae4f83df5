// What guests are told of the location: how they pay, and at which table they sit.

import { over, problemName, request } from "/assets/api.js";
import { el, setText } from "/assets/dom.js";
import { names } from "/assets/language.js";
import { lengthOf } from "/assets/parts.js";
import { shared, why } from "/assets/text.js";
import { codesView } from "/menu/codes.js";
import { Draft } from "/menu/drafts.js";
import { merge } from "/menu/merge.js";
import { toast } from "/menu/page.js";
import { text } from "/menu/text.js";

const MOST = 200;
const KINDS = ["pickup", "dine_in", "delivery"];
/** What a PUT says of a location: all that people decide. The mode stays as it is. */
const MEMBERS = ["name", "currency", "timezone", "day_starts", "language", "payment"];

export function guestsView(main, venue) {
  const draft = new Draft(venue.slug, "location");
  const inputs = KINDS.map((kind) => el("textarea", { id: `pay-${kind}`, rows: 2, "aria-describedby": `pay-${kind}-long` }));
  const longs = KINDS.map((kind) => el("p", { class: "wrong", id: `pay-${kind}-long`, role: "status", hidden: true }));
  const problem = el("p", { class: "wrong", role: "alert", hidden: true });
  const save = el("button", { type: "submit", class: "main" }, text.form.save);
  const language = languageField(venue);
  const fields = KINDS.map((kind, at) => el("div", { class: "field" }, el("label", { for: `pay-${kind}` }, text.guests.kinds[kind]), inputs[at], longs[at]));
  const form = el("form", { class: "card guests" }, el("h2", {}, text.guests.payment), el("p", { class: "quiet" }, text.guests.paymentHint), ...fields, language.element, problem, el("div", {}, save));
  let base = null;

  const read = () => ({ ...Object.fromEntries(KINDS.map((kind, at) => [kind, inputs[at].value.trim() || null])), language: language.get() });
  const fill = (fields) => {
    KINDS.forEach((kind, at) => (inputs[at].value = fields[kind] ?? ""));
    language.set(fields.language);
  };
  const said = () => ({ pickup: null, dine_in: null, delivery: null, ...venue.location.payment, language: venue.location.language ?? null });
  const look = () => {
    KINDS.forEach((kind, at) => {
      const over = lengthOf(inputs[at].value.trim()) - MOST;
      longs[at].hidden = over <= 0;
      setText(longs[at], over > 0 ? shared.tooLong(over) : "");
    });
    draft.write({ base, fields: read() });
  };
  const complain = (sentence) => {
    problem.hidden = !sentence;
    setText(problem, sentence ?? "");
  };

  form.addEventListener("input", look);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (longs.some((one) => !one.hidden)) return;
    save.disabled = true;
    const answer = await put(venue, read());
    save.disabled = false;
    if (answer?.ok) {
      venue.move(answer.body);
      base = said();
      draft.clear();
      complain(null);
      return toast(text.guests.saved);
    }
    if (answer && problemName(answer) === "version-mismatch" && (await venue.load())) {
      // What somebody else has said of something else is taken over; of the same, what is typed here stands.
      const { merged, taken } = merge(base, read(), said());
      base = said();
      fill(merged);
      return complain(text.form.taken(shared.list(taken.map((name) => text.guests.kinds[name] ?? text.guests.language)) || text.form.nothing));
    }
    complain(answer ? text.form.refused(why(answer)) : text.form.noAnswer);
  });
  main.replaceChildren(form, ...codesView(venue));

  const update = () => {
    if (base) return;
    const kept = draft.read();
    base = kept?.base ?? said();
    fill(kept?.fields ?? base);
  };
  return { update, close() {} };
}

/** Those that pages speak; one that they do not speak stays what it is. */
function languageField(venue) {
  const select = el("select", { id: "guests-language", "aria-describedby": "guests-language-hint" });
  const set = (language) => {
    const now = language ?? "";
    const known = names.map(([code, name]) => [now.split("-")[0] === code ? now : code, name]);
    const other = now === "" || known.some(([tag]) => tag === now) ? [] : [[now, now]];
    select.replaceChildren(...[["", text.guests.byDevice], ...known, ...other].map(([tag, name]) => el("option", { value: tag, selected: tag === now }, name)));
  };
  set(venue.location.language);
  const element = el("div", { class: "field" }, el("label", { for: select.id }, text.guests.language), select, el("span", { class: "quiet", id: "guests-language-hint" }, text.guests.languageHint));
  return { element, get: () => select.value || null, set };
}

function put(venue, { language, ...payment }) {
  const { version } = venue.location;
  const body = Object.fromEntries(MEMBERS.map((name) => [name, venue.location[name] ?? null]));
  return request("PUT", venue.paths.location, { body: { ...body, language, payment }, headers: over(version) }).catch(() => null);
}

// The button that orders, and everything that may come of it: sending, waiting for the line, a refusal.

import { el, setAttribute, setText } from "/assets/dom.js";
import { money } from "/assets/numbers.js";
import { swap } from "/assets/parts.js";
import { shared, why } from "/assets/text.js";
import { moment } from "/assets/time.js";
import { bell } from "/order/bell.js";
import { text } from "/order/text.js";

const TICK_MS = 250;
const MINUTE_MS = 60_000;

/** `check` says whether the guest has given what is needed. */
export function sendPanel(venue, cart, submission, { check }) {
  const notice = el("div", { class: "notice", role: "alert" });
  const button = el("button", { type: "button", class: "main order-now", onclick: () => order() });
  const order = () => {
    if (!check()) return;
    // This is the touch that browsers want to have felt before they ring.
    bell.prepare();
    submission.start();
  };
  const progress = el("p", { class: "progress", role: "status" });
  const safe = el("p", { class: "quiet" });
  const now = el("button", { type: "button", onclick: submission.now }, text.submit.tryNow);
  const stop = el("button", { type: "button", onclick: () => submission.stop() }, text.submit.stop);
  const sending = el("div", { class: "sending" }, progress, safe, el("div", { class: "choices" }, now, stop));
  const element = el("div", { class: "send" }, notice, button, sending);
  let shown = null;

  const update = () => {
    const busy = submission.phase === "sending" || submission.phase === "waiting";
    // Another price is agreed to by its own button, and so is what was asked for long ago.
    button.hidden = busy || submission.phase === "doubtful" || (submission.phase === "refused" && submission.refusal.name === "price-mismatch");
    sending.hidden = !busy;
    now.hidden = stop.hidden = submission.phase !== "waiting";
    setText(progress, progressText(submission));
    setText(safe, submission.phase === "waiting" ? text.submit.kept : text.submit.safe);
    setAttribute(button, "disabled", !canOrder(venue, cart));
    setText(button, buttonText(venue, cart));
    const told = busy ? null : notices(venue, cart, submission);
    // An alert that is written again is read out again.
    if (JSON.stringify(told?.key) !== JSON.stringify(shown)) swap(notice, ...(told?.elements ?? []));
    shown = told?.key;
  };
  const tick = setInterval(() => submission.phase === "waiting" && setText(progress, progressText(submission)), TICK_MS);
  return { element, update, close: () => clearInterval(tick) };
}

function progressText(submission) {
  if (submission.phase !== "waiting") return text.submit.sending;
  const seconds = Math.ceil((submission.retryAt_ms - performance.now()) / 1000);
  return seconds > 0 ? text.submit.waiting(seconds) : text.submit.again;
}

function buttonText(venue, cart) {
  return text.submit.order(money({ amount: venue.total(cart.lines), currency: venue.currency }));
}

function canOrder(venue, cart) {
  return venue.mode === "open" && cart.lines.every((line) => isFine(venue, line)) && venue.shortOf(cart).length === 0;
}

function isFine(venue, line) {
  const { gone, out, left } = venue.trouble(line);
  return !gone && out.length === 0 && left.length === 0;
}

/** What stands in the way, or what was said: the sentences, and a key that tells whether they are new. */
function notices(venue, cart, submission) {
  if (submission.phase === "doubtful") return doubtNotice(submission);
  const found = modeNotice(venue) ?? troubleNotice(venue, cart) ?? refusalNotice(venue, cart, submission);
  if (found) return found;
  return cart.attempt?.body ? said("unsure", text.submit.unsure) : null;
}

function said(key, sentence, ...buttons) {
  const controls = buttons.filter(Boolean);
  return { key: [key, sentence], elements: [el("p", {}, sentence), controls.length > 0 && el("div", { class: "choices" }, ...controls)] };
}

function doubtNotice(submission) {
  const yes = el("button", { type: "button", class: "main", onclick: () => submission.start() }, text.submit.stillYes);
  const no = el("button", { type: "button", onclick: () => submission.stop() }, text.submit.stillNo);
  return said("doubtful", text.submit.still(Math.round(submission.age_ms / MINUTE_MS)), yes, no);
}

function modeNotice(venue) {
  return venue.mode === "open" ? null : said("mode", modeText(venue.mode, venue.location.until, venue));
}

export function modeText(mode, until, venue) {
  const time = until ? moment(until, venue.location?.timezone) : null;
  return mode === "paused" ? text.mode.pausedLong(time) : text.mode.closedLong(time);
}

function troubleNotice(venue, cart) {
  const isLeft = (line) => venue.trouble(line).left.length > 0 && venue.trouble(line).out.length === 0;
  const wrong = cart.lines.filter((line) => !isFine(venue, line) && !isLeft(line));
  if (wrong.length === 0) return choiceNotice(venue, cart.lines.filter(isLeft)) ?? shortNotice(venue, cart);
  const gone = wrong.filter((line) => venue.trouble(line).gone).map((line) => venue.nameOf(line.sku));
  const out = [...new Set(wrong.flatMap((line) => venue.trouble(line).out))].map((sku) => venue.nameOf(sku));
  const sentence = out.length ? text.basket.soldOut(shared.list(out)) : text.basket.goneNow(shared.list(gone));
  const remove = el("button", { type: "button", onclick: () => cart.keepOnly((line) => isFine(venue, line)) }, text.basket.removeGone);
  return said("trouble", sentence, remove);
}

/** A dish asks for a choice that it did not ask for when it was put in. */
function choiceNotice(venue, lines) {
  if (lines.length === 0) return null;
  return said("choice", text.basket.choices(shared.list(lines.map((line) => venue.nameOf(line.sku)))));
}

/** Of some there are fewer than are wanted: as many as there are can be had. */
function shortNotice(venue, cart) {
  const short = venue.shortOf(cart);
  if (short.length === 0) return null;
  const names = short.map(([sku, left]) => text.basket.onlyLeft(venue.nameOf(sku), left)).join(" ");
  const take = () => short.forEach(([sku, left]) => cart.cap(sku, left));
  return said("short", names, el("button", { type: "button", onclick: take }, text.basket.takeLeft));
}

const REFUSALS = {
  "location-not-accepting": ({ problem }, venue) => said("refused", modeText(problem.mode, problem.resume_at, venue)),
  "item-unavailable": ({ problem }, venue) => {
    const names = [...new Set(problem.unavailable.map(({ sku }) => venue.nameOf(sku)))];
    return said("refused", text.refused.soldOut(shared.list(names)));
  },
  "unknown-item": ({ problem, body }, venue) => {
    const lines = problem.errors.map(({ pointer }) => body.lines[pointer.split("/")[2]]).filter(Boolean);
    return said("refused", text.refused.gone(shared.list([...new Set(lines.map(({ sku }) => venue.nameOf(sku)))])));
  },
  "price-mismatch": ({ problem, body }, _venue, submission) => {
    const agree = () => submission.start(problem.total);
    const button = el("button", { type: "button", class: "main", onclick: agree }, text.submit.confirmPrice(money(problem.total)));
    return said("refused", text.refused.price(money(body.expected_total), money(problem.total)), button);
  },
  "invalid-line": () => said("refused", text.refused.wrong),
  invalid: () => said("refused", text.refused.wrong),
};

function refusalNotice(venue, cart, submission) {
  const { refusal } = submission;
  if (!refusal || submission.phase !== "refused") return null;
  const known = REFUSALS[refusal.name]?.(refusal, venue, submission);
  return known ?? said("refused", text.refused.other(why({ body: refusal.problem, status: refusal.status })));
}

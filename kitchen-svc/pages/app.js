// The kitchen display: what the kitchen says comes in by a live view, what cooks do goes out by the outbox, and the
// board shows both together.

import { list, problemName } from "/assets/api.js";
import { clock } from "/assets/clock.js";
import { byId, el, fillTexts, setText } from "/assets/dom.js";
import { Live } from "/assets/live.js";
import { Taking } from "/assets/taking.js";
import { why } from "/assets/text.js";
import { AllDay } from "./allday.js";
import { Board } from "./board.js";
import { Hands } from "./hands.js";
import { keepPage, keepTickets, keptTickets } from "./keep.js";
import { listenToKeys } from "./keys.js";
import { TicketMenu } from "./menu.js";
import { OffScreen } from "./offscreen.js";
import { Outbox } from "./outbox.js";
import { Place } from "./place.js";
import { Recall } from "./recall.js";
import { locations, Screen } from "./screen.js";
import { dress, load, save } from "./settings.js";
import { Shift } from "./shift.js";
import { Status } from "./status.js";
import { Tickets } from "./store.js";
import { t } from "./text.js";
import { isMoot, isShown, itemsOf } from "./ticket.js";
import { Toast } from "./toast.js";
import { Voids } from "./voids.js";

const TICK_MS = 500;
/** A server that is there has told by then what is on the board. */
const SNAPSHOT_MS = 1500;
/** A void that nobody acknowledges is heard again. */
const REMIND_MS = 30_000;

const settings = load();
const tickets = new Tickets();
const toast = new Toast();
const shift = new Shift();
const { sounds } = shift;
let live = null;
let status = new Status();
let reminded_ms = 0;
let keptTimer = 0;

const place = new Place(onPlace);
const outbox = new Outbox({ changed: onOutbox, answered: onAnswer, refused: onRefusal, expired: onExpired, unstored });
const off = new OffScreen(byId("board"), (card) => card.grow(clock.now(), settings.expected));
const source = {
  tickets,
  outbox,
  stationName: (id) => place.nameOf(id),
  expected: () => settings.expected,
  timezone: () => place.timezone,
  serveAfter_ms: () => place.serveAfter_ms,
};
const board = new Board(byId("tickets"), source, {
  bump,
  menu: (id, button) => menu.open(id, button),
  item: (id, item) => hands.item(id, item),
  part: (id, items, name) => hands.part(id, items, name),
  moved: () => toast.done(t.moved),
  late: onLate,
  drawn: onDrawn,
  added: (card) => off.watch(card),
  removed: (card) => off.forget(card),
});
const hands = new Hands({ board, tickets, outbox, toast, settings });
const menu = new TicketMenu(board, hands);
const taking = new Taking(byId("taking-button"), byId("taking"));
const voids = new Voids(() => board.view, (id) => hands.bump(id));
const allDay = new AllDay(board, () => place.location, { markOut, bringBack, toggled: () => board.schedule() });
const recall = new Recall(tickets, { view: () => board.view, timezone: () => place.timezone, recall: (ticket) => hands.recall(ticket) });
const screen = new Screen(settings, { stations: () => place.stations, play, apply: show });

// What the kitchen says

function onSnapshot({ tickets: all, cut }) {
  byId("cut").hidden = !cut;
  outbox.wake();
  takeAll(all);
  place.load();
  if (all.length === 0) doubtLocation();
}

/** Where the stream is silent: the same, asked for. */
async function readAll() {
  const { location } = settings;
  const all = await list(`/v1/tickets?location=${location}`, Infinity);
  if (all === null || location !== settings.location) return false;
  const isFirst = !status.known;
  takeAll(all);
  if (isFirst) place.load();
  return true;
}

function takeAll(all) {
  const { opened, voided } = tickets.replace(all);
  if (status.connection !== null) {
    if (opened.some(isHere)) sounds.play("opened");
    if (voided.some(isHere)) sounds.play("voided");
  }
  status.known = true;
  board.schedule();
}

/** A kitchen that does not exist has no tickets either: an address with a slip in it must not look like a quiet day. */
async function doubtLocation() {
  const { location } = settings;
  const found = await locations();
  if (location !== settings.location) return;
  status.unknown = found.length > 0 && !found.some((it) => it.location === location);
  board.schedule();
}

/** Loaded anew while the server is away: then the board is as it was when the page was left, and says so. */
function showKept() {
  const kept = status.known ? null : keptTickets(settings.location);
  if (!kept) return;
  tickets.replace(kept.tickets);
  kept.tickets.forEach((ticket) => place.learn(ticket));
  Object.assign(status, { known: true, connection: "away", since: kept.at_ms });
  showStatus();
  board.schedule();
}

function keep() {
  if (!status.known) return;
  keepTickets(settings.location, [...tickets.all()], status.connection === "away" ? status.since : clock.now());
}

function onTicket({ type, ticket }) {
  board.schedule();
  if (!tickets.take(ticket)) return;
  place.learn(ticket);
  if (ticket.reason === "moved") place.loadSoon();
  if (!isHere(ticket)) return;
  if (type === "ticket.opened") hear("opened", t.newTicket(ticket.number));
  else if (type === "ticket.voided") hear("voided", t.voidTicket(ticket.number));
  else if (!hands.isOwn(ticket.id) && isNews(type, ticket)) sounds.play("changed");
}

/** Whether a change is one that cooks should look up for. */
function isNews(type, ticket) {
  if (type === "ticket.recalled" || (type === "ticket.changed" && ticket.reason === "rushed")) return true;
  return type === "ticket.ready" && board.view.kind === "expo";
}

function isHere(ticket) {
  return isShown(ticket, board.view);
}

function hear(sound, text) {
  sounds.play(sound);
  announce(text);
}

function onLate(ticket) {
  if (ticket.state === "open") hear("late", t.lateTicket(ticket.number));
}

function announce(text) {
  setText(byId("announce"), text);
}

function onStatus(now) {
  const isBack = status.connection === "away";
  Object.assign(status, { ...now, since: now.since ?? status.since });
  showStatus();
  if (now.connection === "away") return;
  if (isBack) announce(t.liveAgain);
  outbox.wake();
}

function showStatus() {
  status.show(outbox);
}

// What cooks do

function onOutbox() {
  tickets.tidy((id) => outbox.of(id).length > 0);
  showStatus();
  board.schedule();
}

function onAnswer(tap, body) {
  if (tap.out) allDay.marked(tap.out.sku, false);
  else if (tap.back) allDay.marked(tap.back.sku, true);
  else tickets.take(body);
}

function onRefusal(tap, answer) {
  const name = problemName(answer);
  if (name === "ticket-state" && isMoot(tap, tickets.get(tap.ticket))) return;
  toast.bad(t.refused(tap.said, t.reasons[name] ?? why(answer)));
}

function onExpired(tap) {
  toast.bad(t.refused(tap.said, t.reasons.expired));
}

function unstored() {
  toast.bad(t.notStored);
}

function markOut({ sku, name, until }) {
  const said = t.didMarkOut(name);
  const taps = outbox.add([{ out: { location: settings.location, sku, until }, said }]);
  if (taps) toast.done(said, () => (outbox.withdraw(taps) ? toast.done(t.didBringBack(name)) : bringBack({ sku, name })));
  else toast.bad(t.tooMany);
}

function bringBack({ sku, name }) {
  const said = t.didBringBack(name);
  if (outbox.add([{ back: { location: settings.location, sku }, said }])) toast.done(said);
  else toast.bad(t.tooMany);
}

function play(sound) {
  shift.sounds.start().then(() => sounds.play(sound));
}

// What is shown

function onDrawn() {
  const shown = board.shown();
  const empty = byId("empty");
  empty.hidden = shown.length > 0;
  if (!empty.hidden) {
    const [title, hint] = emptyTexts();
    setText(byId("empty-title"), title);
    setText(byId("empty-hint"), hint);
  }
  showCounts(shown);
  voids.draw(shown);
  off.draw();
  allDay.draw();
}

function emptyTexts() {
  if (!status.known) return [t.waiting, ""];
  if (status.unknown) return [t.unknownLocation(settings.location), t.unknownLocationHint];
  const { kind, station } = board.view;
  // A screen that is left on at a station that is gone would look like a quiet day.
  const isGone = kind === "station" && place.ids && !place.ids.includes(station);
  return isGone ? [t.goneStation(place.nameOf(station)), t.goneStationHint] : [t.clear, t.clearHint];
}

function showCounts(shown) {
  const open = shown.filter((ticket) => ticket.state === "open");
  const late = open.filter((ticket) => board.card(ticket.id)?.level === "late").length;
  const cancelled = shown.filter((ticket) => ticket.state === "void").length;
  const isReady = (ticket) => ticket.state === "ready" && itemsOf(ticket, board.view).length > 0;
  const ready = [...tickets.all()].filter(isReady).length;
  const parts = [cancelled > 0 && t.voidCount(cancelled), t.counts(open.length, late), ready > 0 && t.readyCount(ready)];
  setText(byId("counts"), parts.filter(Boolean).join(" · "));
  document.title = `${open.length} · ${t.title}`;
}

function tick() {
  board.tick();
  off.draw();
  showCounts(board.shown());
  showStatus();
  const now_ms = performance.now();
  if (now_ms - reminded_ms < REMIND_MS) return;
  reminded_ms = now_ms;
  if (board.shown().some((ticket) => ticket.state === "void")) sounds.play("voided");
}

/** What is known of the kitchen has changed. */
function onPlace(isOther) {
  status.timezone = place.timezone;
  for (const ticket of tickets.all()) place.learn(ticket);
  showStatus();
  board.schedule();
  if (!isOther()) return;
  showName();
  board.look(board.view);
}

function showName() {
  const { location, view } = settings;
  const name = { all: t.allStations, expo: t.expo }[view.kind] ?? place.nameOf(view.station);
  const parts = [el("strong", {}, name), el("small", {}, location ?? "")];
  byId("screen-name").replaceChildren(...parts);
}

/** Shows the kitchen and the view of the settings. */
function show({ moved }) {
  showName();
  if (moved) follow();
  voids.clear();
  board.look(settings.view);
}

function follow() {
  live?.close();
  clearTimeout(keptTimer);
  keptTimer = setTimeout(showKept, SNAPSHOT_MS);
  tickets.clear();
  byId("cut").hidden = true;
  place.at(settings.location);
  status = new Status();
  showStatus();
  recall.at(settings.location);
  allDay.at(settings.location);
  taking.at(settings.location);
  const url = `/v1/tickets/stream?location=${settings.location}`;
  live = new Live(url, { snapshot: onSnapshot, ticket: onTicket }, onStatus, readAll);
}

// The beginning

function buildHelp() {
  const rows = t.helpKeys.map(([keys, what]) =>
    [el("dt", {}, ...keys.flatMap((key) => [key === "…" ? key : el("kbd", {}, key), " "])), el("dd", {}, what)]);
  byId("help-keys").append(...rows.flat());
  byId("help-button").addEventListener("click", () => byId("help").showModal());
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
}

function moveInTicket(steps) {
  const buttons = board.card(board.selected)?.buttons() ?? [];
  const index = buttons.indexOf(document.activeElement) + steps;
  if (index < 0) board.select(board.selected);
  else buttons[Math.min(index, buttons.length - 1)]?.focus();
}

function onEscape() {
  if (allDay.isOpen) allDay.toggle();
  else board.selectNone();
}

/** Enter never acts on a ticket that was not selected before. */
function bumpSelected() {
  if (board.selected === null) board.selectBy(0);
  else bump(board.selected);
}

/** Of a ticket that is longer than the screen, first all of it is shown. */
function bump(id) {
  if (!board.card(id)?.showMore()) hands.bump(id);
}

async function start() {
  fillTexts(t);
  dress(settings);
  buildHelp();
  listenToKeys({
    select: (slot) => board.selectSlot(slot),
    selectBy: (steps) => board.selectBy(steps),
    item: moveInTicket,
    bump: bumpSelected,
    rush: () => board.selected !== null && hands.rush(board.selected),
    menu: () => board.selected !== null && menu.open(board.selected, board.card(board.selected).menu),
    undo: () => hands.undo(),
    recall: () => recall.open(),
    allDay: () => allDay.toggle(),
    screen: () => screen.open(),
    help: () => byId("help").showModal(),
    page: (screens) => off.page(screens),
    escape: onEscape,
  });
  outbox.start();
  setInterval(tick, TICK_MS);
  if (settings.location === null) await chooseAlone();
  save(settings);
  show({ moved: settings.location !== null });
  if (settings.location === null) screen.open();
  addEventListener("pagehide", keep);
  keepPage();
}

/** Where there is one kitchen only, nobody needs to say which. */
async function chooseAlone() {
  const found = await locations();
  if (found.length === 1) settings.location = found[0].location;
}

start();

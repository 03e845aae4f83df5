// Every English text of the console, and how it writes times and numbers.

import { LANGUAGE } from "/assets/language.js";
import { number } from "/assets/numbers.js";
import { count } from "/assets/text.js";
import { timeOfDay } from "/assets/time.js";

const names = { "order-svc": "Orders", "inventory-svc": "Stock", "kitchen-svc": "Kitchen" };

export const text = {
  title: "Console",
  brand: "Comanda",
  skip: "Skip to the content",
  live: "Live",
  names,
  tabs: { health: "Health", events: "Events", trace: "Trace", dead: "Dead letters" },
  noAnswer: "The console's server does not answer. Nothing is known to have happened; please try again.",
  refused: (status) => `That was refused (${status}).`,
  consoleAway: (time) => (time ? `Not live since ${time}: the console's server does not answer. It goes on where it was.` : "Not live: the console's server does not answer. Trying again…"),
  serviceAway: (name, time) => (time ? `${name}: not live since ${time}. It goes on where it was.` : `${name} does not answer.`),

  events: {
    list: "Events, newest first",
    filter: "Which events",
    order: "Order",
    orderHint: "number or id",
    type: "Type",
    typeHint: "order.*",
    types: ["order.*", "stock.*", "ticket.*", "menu.changed", "location.changed", "availability.changed", "recipe.changed", "pace.changed", "item.marked_out", "stations.changed"],
    location: "Location",
    locationHint: "soho",
    service: "Said by",
    anyService: "anybody",
    pause: "Pause",
    resume: (waiting) => (waiting === 0 ? "Resume" : `Resume: ${number(waiting)} new`),
    none: "Nothing was said that fits. What comes is shown at once.",
    last: (rows) => `The last ${number(rows)} are shown. A filter looks further back; comanda events shows all.`,
    skipped: (events) => `${number(events)} ${events === 1 ? "event was" : "events were"} passed over: they come faster than anybody reads.`,
    trace: "Trace order ",
  },

  event: {
    whole: "The event, whole",
    said: "Said",
    position: (position) => `position ${position}`,
    subject: "Subject",
    version: (sequence) => `version ${sequence}`,
    trace: "Trace this order",
    copy: "Copy",
    copied: "Copied",
    notCopied: "Could not copy",
  },

  trace: {
    wanted: "Order",
    hint: "Its number (the last order that has it), or its id.",
    look: "Trace",
    title: (number, location) => `Order ${number ?? ""}${location ? ` at ${location}` : ""}`,
    nothing: "Nobody was told of that order, or it has been forgotten.",
    away: (services) => `${services.join(", ")}: no answer, so the picture has nothing of it.`,
    people: "People",
    toDead: "Dead letters",
  },

  dead: {
    title: "Dead letters: what could not be taken in",
    again: "Look again",
    none: "There are none. Everything that came could be taken in.",
    more: (services) => `Only the newest are listed of: ${services}. The others follow once these are gone.`,
    away: (services) => `No answer from: ${services}.`,
    letters: (letters) => (letters === 1 ? "The letter" : `The ${number(letters)} letters`),
    others: (letters) => `and ${number(letters)} more`,
    unreadable: "unreadable",
    unknown: "unknown subject",
    groupOf: (letters, type, service) => `${count(letters, "letter")} of ${type} at ${service}`,
    seen: (first, last) => (first === last ? `Seen ${first}` : `First seen ${first}, last seen ${last}`),
    facts: (attempts, bytes, first, last) => `${count(attempts, "attempt")} · ${count(bytes, "byte")} · ${first === last ? first : `${first} to ${last}`}`,
    show: "Show",
    showThis: (id) => `Show ${id}`,
    redrive: "Redrive",
    redriveThis: (id) => `Redrive ${id}`,
    redriveThese: (letters) => (letters === 1 ? "Redrive it" : `Redrive these ${number(letters)}`),
    redriveAll: (letters) => `Redrive all ${number(letters)}`,
    discard: "Discard",
    discardThis: (id) => `Discard ${id}`,
    discardThese: (letters) => (letters === 1 ? "Discard it" : `Discard these ${number(letters)}`),
    discardTitle: (letters) => `Discard ${count(letters, "letter")}`,
    discardHint: "What is discarded is gone for good. The service logs it with your reason.",
    why: "Why is it not needed any more?",
    stop: "Stop",
    each: "What came of each",
    progress: (done, all) => `${number(done)} of ${number(all)}…`,
    sum: (letters, outcome) => `${number(letters)} ${outcome}`,
    outcomes: { taken_in: "taken in", repeated: "taken in before", late: "too late: changed nothing", refused: "refused again", gone: "gone already", discarded: "discarded", failed: "failed" },
    unsure: (wrong) => `${wrong} It is either a letter still, or was taken in.`,
    id: "Id",
    reason: "Reason",
    attempts: "Attempts",
    firstSeen: "First seen",
    lastSeen: "Last seen",
  },

  health: {
    title: "How the services do",
    since: (time, every_s) => `Since ${time}, at most the last hour; a sample every ${every_s} s.`,
    none: "The first sample comes in a moment.",
    behind: (name, events) => `${name} is ${number(events)} behind.`,
    behindOne: (name) => `Not yet taken in of ${name}`,
    together: "Everybody has taken in what the others said.",
    answers: "answers",
    away: "no answer",
    most: (value) => `most ${value}`,
    unknown: (title) => `${title}: not known`,
    summary: (title, now, least, most) => `${title}: now ${now}; in the last hour least ${least}, most ${most}`,
    asTable: "As a table",
    table: (name) => `${name}: the last hour in numbers`,
    what: "What",
    now: "Now",
    least: "Least",
    mean: "Mean",
    mostOf: "Most",
  },
};

const MEASURES = {
  behind: { title: "Not yet taken in", unit: "" },
  lag_s: { title: "Oldest not taken in", unit: "s", digits: 1 },
  pending: { title: "Waiting to be published", unit: "" },
  oldest_s: { title: "Oldest not published", unit: "s", digits: 1 },
  said_per_s: { title: "Events said", unit: "/s", digits: 1 },
  taken_in_per_s: { title: "Events taken in", unit: "/s", digits: 1 },
  batch_inputs: { title: "Inputs a batch", unit: "", digits: 1 },
  batch_ms: { title: "Time a batch", unit: "ms", digits: 1 },
  http_per_s: { title: "Requests of people, whole process", unit: "/s", digits: 1 },
  dead: { title: "Dead letters", unit: "" },
};

/** Its title, and `show(value)`, which writes it with its unit. */
export function measure(name) {
  const { title, unit, digits = 0 } = MEASURES[name];
  return { title, show: (value) => (value === null ? "–" : `${number(value, digits)}${unit === "/s" ? unit : unit && ` ${unit}`}`) };
}

const WITH_MILLISECONDS = new Intl.DateTimeFormat(LANGUAGE, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hourCycle: "h23" });

/** `18:42:03.123` of a time on the wire. */
export function timeOfEvent(time) {
  const at_ms = Date.parse(time);
  return Number.isFinite(at_ms) ? WITH_MILLISECONDS.format(at_ms) : time;
}

const DAY = new Intl.DateTimeFormat(LANGUAGE, { day: "numeric", month: "short" });

/** `25 Nov 18:42` */
export function moment(time) {
  const at_ms = Date.parse(time);
  return `${DAY.format(at_ms)} ${timeOfDay(at_ms)}`;
}

/** `0.4 ms`, `3 ms`, `1.2 s`, `12 min` */
export function span(ms) {
  if (ms < 10) return `${number(ms, 1)} ms`;
  if (ms < 1000) return `${number(ms)} ms`;
  if (ms < 120_000) return `${number(ms / 1000, 1)} s`;
  return `${number(ms / 60_000)} min`;
}

const MARKS = {
  repeated: { kind: "warn", words: "↻ again: changed nothing" },
  late: { kind: "warn", words: "↻ too late: changed nothing" },
  refused: { kind: "bad", words: "✕ refused" },
  conflicting: { kind: "bad", words: "✕ contradicts what is known" },
};

/** A step of a trace in words. */
export function stepWords({ service, what, by, lag_ms, outcome, said }) {
  const name = names[service];
  const source = names[by] ?? (by === "anonymous" ? "somebody" : by);
  const isOwn = by === service;
  const told = lag_ms !== null ? `${name} was told by ${source}, ${span(lag_ms)} after` : isOwn ? `${name} did by itself: its time had come` : `${name} was asked by ${source}`;
  const mark = outcome === "decided" ? null : (MARKS[outcome] ?? { kind: "bad", words: `✕ ${outcome.replaceAll("_", " ")}` });
  return { title: what, told, mark, said: said.length ? `${name} said ${said.map(({ type }) => type).join(", ")}` : "" };
}

// Times as the restaurant's clock on the wall shows them: the server's time, in the zone of the location.

import { clock } from "/assets/clock.js";
import { LANGUAGE } from "/assets/language.js";

const SHORT = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const MINUTE_MS = 60_000;
const formats = new Map();

/** 18:42. `timeZone` may be unknown: then the one of whoever looks. */
export function timeOfDay(at_ms, timeZone) {
  return format(SHORT, timeZone).format(at_ms);
}

/** 18:42; with the day where it is not today. */
export function moment(time, timeZone) {
  const at = new Date(time);
  if (dayOf(at, timeZone) === dayOf(clock.now(), timeZone)) return timeOfDay(at, timeZone);
  return format({ weekday: "short", day: "numeric", month: "short", ...SHORT }, timeZone).format(at);
}

/** `2026-11-23` as people write it. */
export function fullDate(date) {
  return format({ dateStyle: "full" }, "UTC").format(Date.parse(`${date}T00:00Z`));
}

/**
 * The next time that a clock on the wall shows `05:00`, as milliseconds since 1970. Where the hour is left out when clocks
 * are put forward, the moment after.
 */
export function next(hoursAndMinutes, timeZone) {
  const now_ms = clock.now();
  const [hours, minutes] = hoursAndMinutes.split(":").map(Number);
  const { year, month, day } = wall(now_ms, timeZone);
  // A day has 23 to 25 hours: it is the date that goes on by one.
  const moments = [0, 1].map((days) => instant(Date.UTC(year, month - 1, day + days, hours, minutes), timeZone));
  return moments.find((at_ms) => at_ms > now_ms);
}

/** When the wall shows what `wall_ms` would be in UTC. */
function instant(wall_ms, timeZone) {
  const offset = (at_ms) => wallMs(at_ms, timeZone) - at_ms;
  const guess = wall_ms - offset(wall_ms);
  return wall_ms - offset(guess);
}

function wallMs(at_ms, timeZone) {
  const { year, month, day, hour, minute } = wall(at_ms, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute) + (at_ms % MINUTE_MS);
}

/** What the wall shows: `{year, month, day, hour, minute}`. */
function wall(at_ms, timeZone) {
  const whole = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", hourCycle: "h23" };
  const parts = format(whole, timeZone, "en-US").formatToParts(at_ms);
  return Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
}

function dayOf(at, timeZone) {
  return format({ dateStyle: "short" }, timeZone).format(at);
}

function format(options, timeZone, language = LANGUAGE) {
  const key = JSON.stringify([options, timeZone, language]);
  if (!formats.has(key)) formats.set(key, make(options, timeZone, language));
  return formats.get(key);
}

function make(options, timeZone, language) {
  try {
    return new Intl.DateTimeFormat(language, { ...options, timeZone });
  } catch {
    // A browser that does not know the zone.
    return new Intl.DateTimeFormat(language, options);
  }
}

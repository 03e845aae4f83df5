// Times as the restaurant's clock on the wall shows them.

import { clock } from "/assets/live.js";

/** 18:42; with the day where it is not today. `timeZone` may be unknown: then the one of whoever looks. */
export function moment(time, timeZone) {
  const at = new Date(time);
  const short = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const today = day(at, timeZone) === day(new Date(clock.now()), timeZone);
  return write(at, today ? short : { weekday: "short", day: "numeric", month: "short", ...short }, timeZone);
}

function day(at, timeZone) {
  return write(at, { dateStyle: "short" }, timeZone);
}

function write(at, format, timeZone) {
  try {
    return new Intl.DateTimeFormat(undefined, { ...format, timeZone }).format(at);
  } catch {
    // A browser that does not know the zone.
    return new Intl.DateTimeFormat(undefined, format).format(at);
  }
}

// Which hours of a day are shown: from the first in which something happened to the last, and never so few that a bar
// fills the page.

import { timeOfDay } from "/assets/time.js";

const LEAST = 8;
const HOUR_MS = 3_600_000;

/** `{first, count, names, from_ms, to_ms}`, or null where nothing happened in any hour. */
export function shownHours({ sales, kitchen, place }) {
  const all = sales.hours;
  const isBusy = (hour, index) => hour.sold.orders + hour.undecided.orders + hour.rejected.orders + hour.cancelled.orders + (kitchen?.hours[index]?.tickets ?? 0) > 0;
  const busy = all.map(isBusy);
  const [first, last] = [busy.indexOf(true), busy.lastIndexOf(true)];
  if (first < 0) return null;
  // Room is made behind, and before where there is none.
  const end = Math.min(all.length, Math.max(last + 1, first + LEAST));
  const begin = Math.max(0, Math.min(first, end - LEAST));
  const from_ms = Date.parse(all[begin].from);
  const names = all.slice(begin, end).map(({ from }) => timeOfDay(Date.parse(from), place.timezone));
  return { begin, end, names, from_ms, to_ms: from_ms + names.length * HOUR_MS };
}

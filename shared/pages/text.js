// The English words and the formats that all pages use. Each page has a text.js of its own for the rest.

export const shared = {
  close: "Close",
  cancel: "Cancel",
  undo: "Undo",
  retry: "Try again",
  dismiss: "Dismiss",
  loading: "Loading …",
  connecting: "Connecting …",
  notLive: (since_ms) => (since_ms === null ? "NOT LIVE: no connection yet" : `NOT LIVE since ${timeOfDay(since_ms)}`),
  notLiveHint: "What you see may be old.",
  unreachable: "The server does not answer.",
  types: { dine_in: "Dine in", pickup: "Pickup", delivery: "Delivery" },
};

const HOURS_AND_MINUTES = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** `18:42`, on the wall of whoever looks. */
export function timeOfDay(at_ms) {
  return HOURS_AND_MINUTES.format(at_ms);
}

/** `0:05`, `12:40`, `1:02:40`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const pad = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** `1 item`, `2 items`. */
export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

/** `1,050`, `12.4` */
export function number(value, digits = 0) {
  return new Intl.NumberFormat(undefined, { maximumFractionDigits: digits }).format(value);
}

/** `{amount: 1250, currency: "GBP"}` as people write it. */
export function money({ amount, currency }) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** `pale_ale` → `pale ale`: for what has no name. */
export function words(slug) {
  return slug.replaceAll(/[_-]+/g, " ");
}

// The English words that all pages use. Each page has a text.js of its own for the rest.

export const shared = {
  close: "Close",
  cancel: "Cancel",
  undo: "Undo",
  retry: "Try again",
  dismiss: "Dismiss",
  loading: "Loading …",
  connecting: "Connecting …",
  notLive: (time) => (time === null ? "NOT LIVE: no connection yet" : `NOT LIVE since ${time}`),
  polling: "Updated every few seconds",
  notLiveHint: "What you see may be old.",
  unreachable: "The server does not answer.",
  tooLong: (over) => `${count(over, "character")} too long: please shorten it.`,
  signIn: {
    title: "Who is this?",
    hint: "Nobody is signed in here. Ask a manager to let this display in by its code:",
    provider: "Sign in",
  },
  taking: {
    title: "Taking orders",
    hint: "Guests see it at once.",
    notSet: "That did not arrive. Please try again.",
    asUsual: "Take orders as usual",
    now: (mode, busy) => ({ paused: "Paused", closed: "Closed" })[mode] ?? (busy ? `Busy, +${busy} min` : "Taking orders"),
    choice({ mode, for_minutes: minutes, busy_minutes: busy }) {
      if (busy) return `Busy: ${busy} minutes longer, for an hour`;
      if (mode === "open") return shared.taking.asUsual;
      return minutes ? `Pause for ${minutes} minutes` : "Pause until somebody reopens";
    },
    banner(mode, busy, left) {
      const rest = left === null ? "" : `, ${left} left`;
      if (mode === "open") return `Busy: guests are told that it takes ${busy} minutes longer${rest}.`;
      return mode === "paused" ? `No orders are taken: paused${rest || " until somebody reopens"}.` : `No orders are taken: closed${rest}.`;
    },
  },
  types: { dine_in: "Dine in", pickup: "Pickup", delivery: "Delivery" },
};

const SIGNS = { add: "+", remove: "−", change: "→" };
/** Some menus say so in the name. */
const SAYS_NO = /^(no|without) /i;

/** `+ Extra cheese`, `− Onion`; `No onion` has said it. What it does is its effect, whatever its name. */
export function modifier(effect = "add", name = "") {
  return effect === "remove" && SAYS_NO.test(name) ? name : `${SIGNS[effect]} ${name}`;
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

/** `pale_ale` → `pale ale`: for what has no name. */
export function words(slug) {
  return slug.replaceAll(/[_-]+/g, " ");
}

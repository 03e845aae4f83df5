// The words that all pages use, in English.

export const shared = {
  list: (names) => names.join(", "),
  row: (parts) => parts.join(" · "),
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
  language: "Language",
  byDevice: "As the device",
  /** By the name of the problem that the interface answers with: what it says of it is for programmers. */
  problems: {
    invalid: "Something in it is not accepted as it is.",
    "invalid-line": "Something in it is not accepted as it is.",
    "not-found": "It is not there any more.",
    forbidden: "You may look at it, but not change it.",
    unauthenticated: "Please sign in first.",
    "version-mismatch": "Somebody else has changed it meanwhile. Please look again.",
    "unit-in-use": "It is in use with another unit: recipes and stock go by that one.",
    "currency-in-use": "There are prices in another currency.",
    "too-large": "It is too long.",
    "too-many-requests": "Too much at once. Please try again in a moment.",
    unavailable: "The server is busy or cannot store anything right now. Please try again in a moment.",
    sandbox: "This shows the past: nothing can be changed.",
    other: (status) => `The server has refused it (${status}).`,
  },
  missing: {
    tab: "No such page · Comanda",
    title: "There is no such page here",
    hint: "The address may have a slip in it.",
    start: "To the start",
  },
};

/** `1 item`, `2 items`: the two forms of English. */
export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

// How long it takes, in words, and when an order that was placed will be ready.

import { clock } from "/assets/clock.js";
import { text } from "/order/text.js";

const MINUTE_MS = 60_000;
/** What was expected by then is late, and is not expected by the second. */
const STEP = 5;

/** `{from: 10, to: 15}` in words. */
export function waitText({ from, to }) {
  return text.wait.about(from, to);
}

/** A sentence of when the order is ready, or null where nobody can tell. `wait` is how long orders take now. */
export function readyText(order, wait, timeOf) {
  if (!["placed", "accepted", "preparing"].includes(order.status)) return null;
  const placed_ms = Date.parse(order.placed_at);
  const told_ms = order.expected_at ? Date.parse(order.expected_at) : null;
  const now_ms = clock.now();
  const by = wait ? placed_ms + wait.to * MINUTE_MS : null;
  // What was told holds until it is over, unless the kitchen has become faster meanwhile.
  const latest_ms = told_ms !== null && told_ms > now_ms ? Math.min(told_ms, by ?? told_ms) : by ?? told_ms;
  if (latest_ms === null) return null;
  const left = Math.ceil((latest_ms - now_ms) / MINUTE_MS);
  if (left <= 2) return told_ms !== null && now_ms > told_ms ? text.wait.late : text.wait.soon;
  const isLater = told_ms !== null && now_ms > told_ms;
  const to = left <= STEP ? left : STEP * Math.ceil(left / STEP);
  const from = Math.max(1, to <= STEP ? to - 2 : to - STEP);
  return (isLater ? text.wait.longer : text.wait.ready)(from, to, timeOf(latest_ms));
}

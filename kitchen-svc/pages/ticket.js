// What is true of a ticket, without a page: how taps change it, who sees it, what bumping it means. Pure functions;
// the kitchen decides by the same rules, so that what is shown at once is what the answer will say.

/** Without an expected time: due after 5, late after 8 minutes. */
const DUE_MS = 5 * 60_000;
const LATE_MS = 8 * 60_000;
const DUE_SHARE = 0.8;

/** The ticket as it will be once these taps have arrived. */
export function after(ticket, steps) {
  return steps.reduce(step, ticket);
}

function step(ticket, { item, action }) {
  if (ticket.state === "void") return action === "ack" ? { ...ticket, acknowledged_at: ticket.voided_at } : ticket;
  return item === undefined ? ticketStep(ticket, action) : itemStep(ticket, item, action);
}

function ticketStep(ticket, action) {
  const { state } = ticket;
  switch (action) {
    case "start":
      return state === "open" ? withItems(ticket, (item) => (item.state === "queued" ? "cooking" : item.state)) : ticket;
    case "ready":
      return state === "open" ? { ...withItems(ticket, () => "done"), state: "ready" } : ticket;
    case "serve":
      return { ...withItems(ticket, () => "done"), state: "served", recalled_at: null };
    case "recall":
      return state === "open" ? ticket : { ...withItems(ticket, () => "cooking"), state: "open", recalled_at: ticket.served_at ?? ticket.ready_at };
    case "rush":
      return { ...ticket, priority: 1 };
    case "unrush":
      return { ...ticket, priority: 0 };
    default:
      return ticket;
  }
}

const ITEM_STEPS = {
  start: { queued: "cooking" },
  done: { queued: "done", cooking: "done" },
  undo: { done: "cooking", cooking: "queued" },
};

function itemStep(ticket, id, action) {
  const changed = withItems(ticket, (item) => (item.id === id ? ITEM_STEPS[action][item.state] ?? item.state : item.state));
  if (ticket.state === "served") return ticket;
  return { ...changed, state: changed.items.every((item) => item.state === "done") ? "ready" : "open" };
}

function withItems(ticket, state) {
  return { ...ticket, items: ticket.items.map((item) => ({ ...item, state: state(item) })) };
}

/** The steps that lead back from `now` to `before`, or null where there is no way back (an acknowledgement). */
export function back(before, now) {
  if (before.state === "void") return null;
  if (before.priority !== now.priority) return [{ action: before.priority > 0 ? "rush" : "unrush" }];
  const itemSteps = (from) =>
    from.items.flatMap((item, index) => itemBack(item.id, before.items[index].state, item.state));
  if (before.state === "served") return [{ action: "serve" }];
  if (now.state !== "served") return itemSteps(now);
  const recalled = ticketStep(now, "recall");
  return [{ action: "recall" }, ...(before.state === "ready" ? [{ action: "ready" }] : itemSteps(recalled))];
}

const RANK = { queued: 0, cooking: 1, done: 2 };

function itemBack(item, before, now) {
  const steps = RANK[now] - RANK[before];
  if (steps < 0) return [{ item, action: before === "done" ? "done" : "start" }];
  return Array.from({ length: steps }, () => ({ item, action: "undo" }));
}

/** Whether a refused tap wanted what is so already: then nobody needs to hear of the refusal. */
export function isMoot({ item, action }, ticket) {
  if (action === "undo" || action === "recall") return false;
  // What is off the board was finished or acknowledged by somebody.
  if (!ticket) return true;
  if (ticket.state === "void") return false;
  const state = item === undefined ? null : ticket.items.find((it) => it.id === item)?.state;
  if (action === "serve") return ticket.state === "served";
  if (ticket.state !== "open") return true;
  return action === "start" && (state === "cooking" || state === "done");
}

/** What a tap on an item does next; with `oneTap` nobody tells when it is begun. */
export function nextOfItem(item, oneTap) {
  return { queued: oneTap ? "done" : "start", cooking: "done", done: "undo" }[item.state] ?? null;
}

// Views: {kind: "all" | "expo"} or {kind: "station", station: id}.

/** The items that are cooked where the view looks. */
export function itemsOf(ticket, view) {
  return view.kind === "station" ? ticket.items.filter((item) => item.station === view.station) : ticket.items;
}

/** Whether the ticket is on that screen. A cancelled one is, until somebody has acknowledged it. */
export function isShown(ticket, view) {
  const items = itemsOf(ticket, view);
  if (items.length === 0) return false;
  switch (ticket.state) {
    case "void":
      return ticket.acknowledged_at === null;
    case "open":
      return view.kind !== "station" || items.some((item) => item.state !== "done");
    case "ready":
      return view.kind === "expo";
    default:
      return false;
  }
}

/** What bumping the ticket does on that screen: the steps, and the text of the button by its key. */
export function bump(ticket, view) {
  if (ticket.state === "void") return { label: "acknowledge", steps: [{ action: "ack" }] };
  if (view.kind === "expo") {
    return ticket.state === "ready"
      ? { label: "handOver", steps: [{ action: "serve" }] }
      : { label: "allReady", steps: [{ action: "ready" }] };
  }
  if (view.kind === "all") return { label: "bump", steps: [{ action: "ready" }] };
  const left = itemsOf(ticket, view).filter((item) => item.state !== "done");
  return { label: "bump", steps: left.map((item) => ({ item: item.id, action: "done" })) };
}

/** Rushed ones first, then the oldest. */
export function byUrgency(a, b) {
  return b.priority - a.priority || compare(a.opened_at, b.opened_at) || compare(a.id, b.id);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `[{station, done, total}]` in the order of the items. */
export function progress(ticket) {
  const stations = new Map();
  for (const item of ticket.items) {
    const at = stations.get(item.station) ?? { station: item.station, done: 0, total: 0 };
    at.total += 1;
    at.done += item.state === "done" ? 1 : 0;
    stations.set(item.station, at);
  }
  return [...stations.values()];
}

/** `fresh`, `due` or `late`. `expected` are minutes by order type, where somebody has set them. */
export function level(ticket, now_ms, expected) {
  if (ticket.state === "void") return "fresh";
  const age_ms = now_ms - Date.parse(ticket.opened_at);
  const expected_ms = 60_000 * (expected[ticket.type] ?? 0);
  if (age_ms >= (expected_ms || LATE_MS)) return "late";
  return age_ms >= (expected_ms ? DUE_SHARE * expected_ms : DUE_MS) ? "due" : "fresh";
}

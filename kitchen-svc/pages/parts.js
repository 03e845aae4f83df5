// A large order in parts that a cook can take in: by station, each of which is a course of its own; at one station so many
// at a time.

/** Whoever sees fewer lines than that needs no parts. */
const LARGE = 10;
/** Of a part at one station. */
const MOST = 6;

/** `[{station, number, of, ids}]`, or none where the order is small. `items` are those that the view shows. */
export function partsOf(items) {
  if (items.length < LARGE) return [];
  const stations = [...new Set(items.map(({ station }) => station))];
  const groups = stations.map((station) => items.filter((item) => item.station === station));
  if (groups.length > 1) return groups.map((group) => ({ station: group[0].station, ids: idsOf(group) }));
  const of = Math.ceil(items.length / MOST);
  // Of about the same length: nobody has a part of one line.
  const long = Math.ceil(items.length / of);
  return Array.from({ length: of }, (_, nth) => ({ number: nth + 1, of, ids: idsOf(items.slice(nth * long, (nth + 1) * long)) }));
}

function idsOf(items) {
  return items.map(({ id }) => id);
}

/** How far a part is: `{done, total}`. */
export function progressOf(ticket, ids) {
  const states = ticket.items.filter(({ id }) => ids.includes(id)).map(({ state }) => state);
  return { done: states.filter((state) => state === "done").length, total: states.length };
}

/** What a tap on the head of a part does: what waits is begun, then all of it is done. */
export function stepsOf(ticket, ids, oneTap) {
  const left = ticket.items.filter(({ id, state }) => ids.includes(id) && state !== "done" && state !== "void");
  const queued = left.filter(({ state }) => state === "queued");
  if (!oneTap && queued.length > 0) return queued.map(({ id }) => ({ item: id, action: "start" }));
  return left.map(({ id }) => ({ item: id, action: "done" }));
}

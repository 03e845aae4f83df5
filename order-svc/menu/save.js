// Items as they are put: whole, and only over what was seen.

import { over, problemName, request } from "/assets/api.js";

/** What a PUT says of an item: all that people decide. */
const MEMBERS = ["name", "price", "category", "kind", "modifiers", "choices", "description", "photo", "allergens", "diets", "place", "effect"];
const TRIES = 3;

export function fieldsOf(item) {
  return Object.fromEntries(MEMBERS.map((name) => [name, item[name] ?? null]));
}

function pathOf(venue, sku) {
  return `${venue.paths.menu}/${encodeURIComponent(sku)}`;
}

/**
 * Puts it over that version, or where there was none: `{item}`, `{changed: item or null}` where somebody else was
 * faster, `{problem, status}`, or null where nobody answers.
 */
export async function put(venue, sku, fields, version) {
  const answer = await request("PUT", pathOf(venue, sku), { body: fields, headers: over(version) }).catch(() => null);
  return outcome(venue, sku, answer);
}

/** As [`put`]: it is off the menu. */
export async function remove(venue, sku, version) {
  const answer = await request("DELETE", pathOf(venue, sku), { headers: over(version) }).catch(() => null);
  return outcome(venue, sku, answer);
}

async function outcome(venue, sku, answer) {
  if (answer === null || answer.status >= 500) return null;
  if (answer.ok) {
    if (answer.body) venue.put(answer.body);
    else venue.put({ ...venue.items.get(sku), version: Infinity, removed: true });
    return { item: answer.body };
  }
  if (problemName(answer) !== "version-mismatch") return { problem: answer.body ?? {}, status: answer.status };
  return (await venue.load()) ? { changed: venue.items.get(sku) ?? null } : null;
}

/** Changes some fields, whatever became of the others meanwhile. Whether it is done. */
export async function amend(venue, sku, change) {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const item = venue.items.get(sku);
    if (!item) return false;
    const done = await put(venue, sku, { ...fieldsOf(item), ...change }, item.version);
    if (done?.item) return true;
    if (done && !("changed" in done)) return false;
  }
  return false;
}

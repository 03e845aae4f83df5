// Grouping a list. `Map.groupBy` is younger than tablets that are still in use.

/** By what `keyOf` says of each: a map of lists, in the order in which the keys were met. */
export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (groups.has(key)) groups.get(key).push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

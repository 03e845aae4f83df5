// Where items stand on the menu: numbers with room between them, so that whoever moves one changes hardly any other.

const STEP = 10;
const PLACE_MAX = 9_999;

/**
 * `items` in the order that is wanted, each with its `place` or none: the places that have to change, by sku. One that was
 * moved goes between its neighbours where there is room; else all get new numbers.
 */
export function newPlaces(items, moved) {
  const at = items.findIndex((item) => item.sku === moved);
  const [before, after] = [items[at - 1]?.place ?? 0, items[at + 1]?.place ?? PLACE_MAX];
  const others = items.filter((item) => item.sku !== moved);
  const isSorted = others.every((item, index) => item.place !== null && (index === 0 || others[index - 1].place < item.place));
  const middle = at === items.length - 1 ? Math.min(before + STEP, PLACE_MAX) : Math.floor((before + after) / 2);
  if (isSorted && before < middle && (middle < after || at === items.length - 1)) return new Map([[moved, middle]]);
  const step = Math.max(1, Math.min(STEP, Math.floor(PLACE_MAX / items.length)));
  return new Map(items.map((item, index) => [item.sku, (index + 1) * step]).filter(([, place], index) => items[index].place !== place));
}

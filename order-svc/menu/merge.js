// Two people have changed the same: what only one of them touched is merged, what both touched is for somebody to choose.

/** Lists of words are sets: their order says nothing. */
export function isSame(one, other) {
  return calm(one) === calm(other);
}

function calm(value) {
  const isSet = Array.isArray(value) && value.every((part) => typeof part === "string");
  return JSON.stringify(isSet ? [...value].sort() : (value ?? null));
}

/**
 * `base` is what both began with. `taken` names what is theirs now, `conflicts` what both have changed, each otherwise;
 * `merged` has ours there until somebody chooses.
 */
export function merge(base, mine, theirs) {
  const names = Object.keys(theirs);
  const taken = names.filter((name) => isSame(mine[name], base[name]) && !isSame(theirs[name], base[name]));
  const conflicts = names.filter((name) => ![base, theirs].some((other) => isSame(mine[name], other[name])) && !isSame(theirs[name], base[name]));
  const merged = { ...mine, ...Object.fromEntries(taken.map((name) => [name, theirs[name]])) };
  return { merged, taken, conflicts };
}

// Saving what was seen: nobody writes over what somebody else has saved meanwhile, unless he has seen that, too.

import { list, over, request } from "/assets/api.js";

/** Whoever changes it all the time gives in at last. */
const TRIES = 5;

/**
 * Puts `body` in the place of `seen`, which is null where there was nothing. `now` asks what is there; `same` tells whether two
 * states are one to whoever edits, for a stock changes with each order. Resolves to `{answer, other}`: `other` is what somebody
 * else has saved, and then nothing was changed. Throws where nobody answers.
 */
export async function put(path, body, seen, { now, same }) {
  let known = seen;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await request("PUT", path, { body, headers: over(known?.version) });
    if (answer.status !== 412) return { answer, other: null };
    const other = await now();
    if (other === null || known === null || !same(seen, other)) return { answer, other };
    known = other;
  }
  return { answer: { ok: false, status: 412, body: null }, other: known };
}

/** One of a list, as it is now; null where it is not there. */
export async function one(path, is) {
  return (await list(path))?.find(is) ?? null;
}

// What the page asks of the console's server, and what is wrong in words.

import { request } from "/assets/api.js";
import { text } from "/console/text.js";

/** Reading an order's past takes longer than anything else. */
const TIMEOUT_MS = 30_000;

/** Resolves to `{body}`, or to `{wrong}`: what to tell people. */
export async function ask(method, path, body) {
  try {
    const answer = await request(method, path, { body, timeout_ms: TIMEOUT_MS });
    if (answer.ok) return { body: answer.body };
    return { wrong: text.refused(answer.status, answer.body?.detail), status: answer.status };
  } catch {
    return { wrong: text.noAnswer };
  }
}

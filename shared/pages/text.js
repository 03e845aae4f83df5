// The words that all pages use, in the language of the page, and what is written alike in all languages. Each page has a
// text.js of its own for the rest.

import { problemName } from "/assets/api.js";
import { FORWARD, language } from "/assets/language.js";

export const { shared } = await import(`/assets/text.${language}.js`);

/** Why something was refused. What the interface says of it is English, for programmers. */
export function why(answer) {
  return shared.problems[problemName(answer)] ?? shared.problems.other(answer.status);
}

const SIGNS = { add: "+", remove: "−", change: FORWARD > 0 ? "→" : "←" };
/** Some menus say so in the name, whatever the language of the page. */
const SAYS_NO = /^(no|without|ohne|kein|keine|بدون|بلا) /i;

/** `+ Extra cheese`, `− Onion`; `No onion` has said it. What it does is its effect, whatever its name. */
export function modifier(effect = "add", name = "") {
  return effect === "remove" && SAYS_NO.test(name) ? name : `${SIGNS[effect]} ${name}`;
}

/** `0:05`, `12:40`, `1:02:40`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const pad = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}

/** `pale_ale` → `pale ale`: for what has no name. */
export function words(slug) {
  return slug.replaceAll(/[_-]+/g, " ");
}

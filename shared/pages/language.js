// The language that the page speaks, which speaks.js has decided on: of its words, its numbers and its times.

const { decided, languages, chosen, choose, follow } = globalThis.speaks;
await decided;

/** The name of its catalogues: `en` of `en-GB`. */
export const language = document.documentElement.lang.split("-")[0].toLowerCase();

/** What formats go by. Prices, clocks and what people type have the same digits: those of 0 to 9. */
export const LANGUAGE = new Intl.Locale(document.documentElement.lang, { numberingSystem: "latn" }).toString();

/** Towards the end of a line, as a factor: −1 where one reads from the right. */
export const FORWARD = document.documentElement.dir === "rtl" ? -1 : 1;

/** Before a sign, so that it stays before its number wherever that stands. */
export const SIGNED = FORWARD < 0 ? "\u200e" : "";

/** `[language, its own name for itself]` of each that there is. */
export const names = Object.entries(languages).map(([code, { name }]) => [code, name]);

/** What was chosen on this device, or null; the page is loaded again in what is chosen. */
export { choose, chosen };

/** Of guests: `follow(location, language)` loads the page again where the restaurant speaks another language. */
export { follow };

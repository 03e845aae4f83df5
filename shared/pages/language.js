// One language a page: numbers and times are written in that of its words, whatever the browser prefers.

export const LANGUAGE = document.documentElement.lang || "en";

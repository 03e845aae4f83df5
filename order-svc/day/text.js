// The words of the page, in its language.

import { language } from "/assets/language.js";

export const { text } = await import(`/day/text.${language}.js`);

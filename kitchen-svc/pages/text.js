// The words of the display, in its language.

import { language } from "/assets/language.js";

export const { text: t } = await import(`/kitchen/text.${language}.js`);

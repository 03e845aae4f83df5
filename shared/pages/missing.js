// What is shown where nothing is.

import { fillTexts } from "/assets/dom.js";
import { shared } from "/assets/text.js";

fillTexts(shared.missing);
document.title = shared.missing.tab;

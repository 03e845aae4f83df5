// Bump bars are keyboards: every action has a key. Keys that a text field or another control needs stay theirs.

import { FORWARD } from "/assets/language.js";

/** Two digits within this are one number. */
const DIGITS_MS = 700;

/** `actions` are functions by what they do; see below. Returns nothing: the keys work as long as the page. */
export function listenToKeys(actions) {
  const none = { text: "", at_ms: -DIGITS_MS };
  let digits = none;
  const digit = (key) => {
    const now_ms = performance.now();
    const text = now_ms - digits.at_ms < DIGITS_MS ? digits.text + key : key;
    digits = { text, at_ms: now_ms };
    // A bump bar's 0 is its tenth button.
    if (actions.select(text === "0" ? 10 : Number(text)) || text === key) return;
    // There is no twenty-third ticket: the 3 is a number of its own.
    digits = none;
    digit(key);
  };
  const byKey = {
    Enter: actions.bump,
    ArrowLeft: () => actions.selectBy(-FORWARD),
    ArrowRight: () => actions.selectBy(FORWARD),
    ArrowUp: () => actions.item(-1),
    ArrowDown: () => actions.item(1),
    PageUp: () => actions.page(-1),
    PageDown: () => actions.page(1),
    Escape: actions.escape,
    r: actions.recall,
    p: actions.rush,
    m: actions.menu,
    u: actions.undo,
    a: actions.allDay,
    s: actions.screen,
    "?": actions.help,
  };
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTaken(event)) return undefined;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const isDigit = /^[0-9]$/.test(key);
    // A key that lies on a bump bar must not bump a ticket after the other.
    if (!isDigit && (!byKey[key] || (event.repeat && !/^(Arrow|Page)/.test(key)))) return undefined;
    event.preventDefault();
    if (isDigit) return digit(key);
    digits = none;
    return byKey[key]();
  });
}

/** Whether the key belongs to where the focus is: a field, an open dialog, a button that Enter presses. */
function isTaken({ target, key }) {
  if (!(target instanceof Element)) return false;
  if (target.closest("dialog, input, select, textarea")) return true;
  return key === "Enter" && target.closest("button, a, summary") !== null;
}

// Parts that pages are made of.

import { el, setAttribute, setText } from "/assets/dom.js";

/** Replaces the children; the focus returns to the element with the same `data-focus`. */
export function swap(parent, ...children) {
  const active = parent.contains(document.activeElement) ? document.activeElement : null;
  const name = active?.closest("[data-focus]")?.dataset.focus;
  parent.replaceChildren(...children.filter(Boolean));
  if (name) parent.querySelector(`[data-focus="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
}

/** − 2 +, for a number that `onchange` is told of. */
export function stepper(quantity, { fewer, more, focus, onchange, most = 999 }) {
  const step = (label, sign, by, disabled) =>
    el(
      "button",
      { type: "button", "aria-label": label, "data-focus": `${focus} ${sign}`, disabled, onclick: () => onchange(quantity + by) },
      sign,
    );
  return el(
    "div",
    { class: "stepper", role: "group" },
    step(fewer, "−", -1, false),
    el("output", {}, String(quantity)),
    step(more, "+", 1, quantity >= most),
  );
}

/** A dialog that is gone from the page when it closes. */
export function dialog(title, closeLabel, ...body) {
  const heading = el("h2", { id: "dialog-title", tabindex: -1, autofocus: true }, title);
  const close = el("button", { type: "button", class: "plain", "aria-label": closeLabel, onclick: () => element.close() }, "✕");
  const element = el("dialog", { "aria-labelledby": "dialog-title" }, el("header", {}, heading, close), ...body);
  element.addEventListener("close", () => element.remove());
  // A tap beside it closes it.
  element.addEventListener("click", (event) => event.target === element && element.close());
  document.body.append(element);
  element.showModal();
  return element;
}

/** So many characters, as the interface counts them. */
export function lengthOf(text) {
  return [...text].length;
}

/**
 * Says beside a field when more was typed than is taken: nothing is ever cut. `fits()` tells; `show()` looks again.
 * `tooLong(over)` is the sentence.
 */
export function limit(input, most, tooLong) {
  const id = `${input.id}-long`;
  const element = el("p", { class: "wrong", id, role: "status", hidden: true });
  const hint = input.getAttribute("aria-describedby");
  const fits = () => lengthOf(input.value.trim()) <= most;
  const show = () => {
    const isLong = !fits();
    element.hidden = !isLong;
    setText(element, isLong ? tooLong(lengthOf(input.value.trim()) - most) : "");
    setAttribute(input, "aria-invalid", isLong && "true");
    setAttribute(input, "aria-describedby", [isLong && id, hint].filter(Boolean).join(" ") || null);
  };
  input.addEventListener("input", show);
  return { element, fits, show };
}

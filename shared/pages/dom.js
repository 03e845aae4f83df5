// Making elements, and filling a page's static parts with its texts.

/** `el("button", {class: "main", type: "button", onclick: f, hidden: true}, "Text", child, null)`. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else setAttribute(element, name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** False and null remove it, true sets it empty. Writes only what differs, so that an unchanged page costs nothing. */
export function setAttribute(element, name, value) {
  if (value === false || value === null || value === undefined) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/** Writes only what differs. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Gives every `data-text="key"` its text, every `data-label="key"` its aria-label, and a button the same as a hint. */
export function fillTexts(texts, root = document) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", texts[element.dataset.label]);
    if (element.matches("button, a")) element.title = texts[element.dataset.label];
  }
}

/** The element with that id, which the page must have. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

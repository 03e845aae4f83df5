// What was typed and not saved yet: kept on the device, so that neither a slip nor a dead battery loses it.

import { storage } from "/assets/kept.js";

const PREFIX = "comanda.menu.";

export class Draft {
  #name;

  constructor(slug, sku) {
    this.#name = `${PREFIX}${slug}.${sku}`;
  }

  /** `{base, fields, version}`, or null. */
  read() {
    try {
      return JSON.parse(storage()?.getItem(this.#name));
    } catch {
      return null;
    }
  }

  write(draft) {
    try {
      storage()?.setItem(this.#name, JSON.stringify(draft));
    } catch {
      // It lives as long as the form.
    }
  }

  clear() {
    storage()?.removeItem(this.#name);
  }
}

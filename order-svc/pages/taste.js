// What a guest does not eat: kept on the device, told to nobody.

import { storage } from "/assets/kept.js";

const NAME = "comanda.taste";
/** Whoever eats this eats that. */
const INCLUDES = { vegan: ["vegetarian"] };

class Taste extends EventTarget {
  /** Allergens to stay away from, and diets to keep to. */
  avoids = new Set();
  diets = new Set();

  constructor() {
    super();
    this.read();
    addEventListener("storage", ({ key }) => key === NAME && (this.read(), this.tell()));
  }

  read() {
    try {
      const { avoids = [], diets = [] } = JSON.parse(storage()?.getItem(NAME)) ?? {};
      Object.assign(this, { avoids: new Set(avoids), diets: new Set(diets) });
    } catch {
      // As if nothing had been chosen.
    }
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }

  set({ avoids, diets }) {
    Object.assign(this, { avoids: new Set(avoids), diets: new Set(diets) });
    try {
      storage()?.setItem(NAME, JSON.stringify({ avoids: [...avoids], diets: [...diets] }));
    } catch {
      // It lives as long as the page.
    }
    this.tell();
  }

  get count() {
    return this.avoids.size + this.diets.size;
  }

  /** What of it the item contains. */
  contained({ allergens }) {
    return allergens.filter((allergen) => this.avoids.has(allergen));
  }

  suits(item) {
    return this.contained(item).length === 0 && [...this.diets].every((diet) => isOf(item, diet));
  }
}

/** Whether the item suits the diet, as far as somebody has said. */
function isOf({ diets }, diet) {
  return diets.some((one) => one === diet || INCLUDES[one]?.includes(diet));
}

/** Of several that say the same, the one that says most. */
export function telling(diets) {
  return diets.filter((diet) => !diets.some((other) => INCLUDES[other]?.includes(diet)));
}

export const taste = new Taste();

// Counts the tickets that are not to be seen: nothing waits below the edge of the screen without anybody knowing.

import { byId, setText } from "/assets/dom.js";
import { clock } from "/assets/live.js";
import { duration } from "/assets/text.js";
import { t } from "./text.js";

export class OffScreen {
  #root;
  #seen;
  #cards = new Map();
  #observer;

  /** `seen(card)` is told when a card comes into sight. */
  constructor(root, seen) {
    this.#root = root;
    this.#seen = seen;
    // A ticket is seen where its head is, all of it: with it come its number, its age and its first items.
    this.#observer = new IntersectionObserver((entries) => this.#note(entries), { root, threshold: 0.9 });
    byId("before").addEventListener("click", () => this.page(-1));
    byId("after").addEventListener("click", () => this.page(1));
    // A wheel turns up and down; the columns lie side by side.
    root.addEventListener("wheel", (event) => this.#scroll(event.deltaY), { passive: true });
  }

  watch(card) {
    this.#cards.set(card.head, card);
    this.#observer.observe(card.head);
  }

  forget(card) {
    this.#cards.delete(card.head);
    this.#observer.unobserve(card.head);
  }

  /** So many screens on or back, by whole columns; a bit of the last one stays in sight where they lie in one column. */
  page(screens) {
    if (!this.#isWide()) return this.#root.scrollBy({ top: screens * (this.#root.clientHeight - 96) });
    const card = this.#root.querySelector(".ticket");
    if (!card) return undefined;
    const column = parseFloat(getComputedStyle(card).getPropertyValue("--column")) + 8;
    return this.#root.scrollBy({ left: screens * column * Math.max(1, Math.floor(this.#root.clientWidth / column)) });
  }

  #scroll(distance) {
    if (this.#isWide()) this.#root.scrollBy({ left: distance });
  }

  #isWide() {
    return this.#root.scrollWidth > this.#root.clientWidth;
  }

  #note(entries) {
    for (const { target, isIntersecting, boundingClientRect: head, rootBounds } of entries) {
      const card = this.#cards.get(target);
      if (!card) continue;
      const isBefore = head.top < (rootBounds?.top ?? 0) || head.left < (rootBounds?.left ?? 0);
      card.off = isIntersecting ? null : isBefore ? "before" : "after";
      if (isIntersecting) this.#seen(card);
    }
    this.draw();
  }

  draw() {
    for (const side of ["before", "after"]) {
      const tickets = [...this.#cards.values()].filter((card) => card.off === side && card.ticket).map((card) => card.ticket);
      const button = byId(side);
      button.disabled = tickets.length === 0;
      const oldest = tickets.map((ticket) => ticket.opened_at).reduce((a, b) => (a < b ? a : b), "9");
      const age = duration(clock.now() - Date.parse(oldest));
      setText(button.querySelector("strong"), tickets.length === 0 ? "" : t.off(tickets.length));
      setText(button.querySelector(".oldest"), tickets.length === 0 ? "" : t.oldest(age));
    }
  }
}

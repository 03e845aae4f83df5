// Counts the tickets that are not to be seen: nothing waits below the edge of the screen without anybody knowing.

import { clock } from "/assets/clock.js";
import { byId, setText } from "/assets/dom.js";
import { FORWARD } from "/assets/language.js";
import { duration } from "/assets/text.js";
import { t } from "./text.js";

export class OffScreen {
  #root;
  #seen;
  #cards = new Map();
  #observer;
  #frame = 0;

  /** `seen(card)` is told when a card comes into sight. */
  constructor(root, seen) {
    this.#root = root;
    this.#seen = seen;
    // A ticket is seen where its head is, all of it: with it come its number, its age and its first items.
    this.#observer = new IntersectionObserver((entries) => this.#note(entries), { root, threshold: 0.9 });
    root.addEventListener("scroll", () => this.#drawSoon(), { passive: true });
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
    const column = parseFloat(getComputedStyle(card).getPropertyValue("--column")) + 6;
    return this.#root.scrollBy({ left: FORWARD * screens * column * Math.max(1, Math.floor(this.#root.clientWidth / column)) });
  }

  #scroll(distance) {
    if (this.#isWide()) this.#root.scrollBy({ left: FORWARD * distance });
  }

  #isWide() {
    return this.#root.scrollWidth > this.#root.clientWidth;
  }

  #note(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = this.#cards.get(target);
      if (!card) continue;
      card.isOff = !isIntersecting;
      if (isIntersecting) this.#seen(card);
    }
    this.draw();
  }

  #drawSoon() {
    this.#frame ||= requestAnimationFrame(() => this.draw());
  }

  /** A card that jumps from one side to the other is never seen between: on which side it is, its place tells. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const off = [...this.#cards.values()].filter((card) => card.isOff && card.ticket);
    const isWide = this.#isWide();
    const from = isWide ? FORWARD * this.#root.scrollLeft : this.#root.scrollTop;
    const isBefore = (card) => (isWide ? card.at.x : card.element.offsetTop) < from;
    this.#tell("before", off.filter(isBefore));
    this.#tell("after", off.filter((card) => !isBefore(card)));
  }

  #tell(side, cards) {
    const tickets = cards.map((card) => card.ticket);
    const button = byId(side);
    button.hidden = tickets.length === 0;
    button.disabled = button.hidden;
    const oldest = tickets.map((ticket) => ticket.opened_at).reduce((a, b) => (a < b ? a : b), "9");
    const age = duration(clock.now() - Date.parse(oldest));
    const voids = tickets.filter(({ state }) => state === "void").length;
    setText(button.querySelector("strong"), tickets.length === 0 ? "" : t.off(tickets.length));
    setText(button.querySelector(".oldest"), tickets.length === 0 ? "" : t.oldest(age));
    setText(button.querySelector(".voids"), voids === 0 ? "" : t.offVoid(voids));
  }
}

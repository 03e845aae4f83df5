// Lays the cards out in columns, from left to right, each filled from top to bottom. Every card is given its place and
// its size, and not by the browser's own columns: a change in one of 200 tickets then costs the layout of that one.

import { setAttribute } from "/assets/dom.js";

const GAP_PX = 8;
/** Of a card, above and below together. */
const BORDERS_PX = 8;
/** The least width of a column, in rem. */
const COLUMN_REM = 17;
/** One column, which the page itself scrolls. */
const NARROW = matchMedia("(max-width: 48rem)");

export class Columns {
  #list;
  #size = { width: 0, height: 0, column: 0, number: 1 };
  #isRoomKnown = false;
  #resized;
  #observer;
  #cards = new Map();

  /** `resized()` is told when cards have to be laid again. */
  constructor(list, resized) {
    this.#list = list;
    this.#resized = resized;
    this.#observer = new ResizeObserver((entries) => this.#note(entries));
    this.#observer.observe(list.parentElement);
  }

  add(card) {
    this.#cards.set(card.article, card);
    this.#observer.observe(card.article);
  }

  forget(card) {
    this.#cards.delete(card.article);
    this.#observer.unobserve(card.article);
  }

  #note(entries) {
    let changed = false;
    for (const { target, borderBoxSize } of entries) {
      const card = this.#cards.get(target);
      if (card && Math.abs(card.height - BORDERS_PX - borderBoxSize[0].blockSize) < 1) continue;
      if (card) card.height = undefined;
      changed = true;
    }
    if (!changed) return;
    this.#isRoomKnown = false;
    this.#resized();
  }

  /** Lays the cards in this order. While `held`, those that lie somewhere stay there. */
  lay(cards, held) {
    if (!held && !this.#isRoomKnown) this.#measureRoom(cards);
    const { column, height } = this.#size;
    const now_ms = performance.now();
    let [x, y, right] = [0, 0, 0];
    for (const card of cards) {
      this.#measure(card);
      const width = card.span * (column + GAP_PX);
      const fits = y === 0 || NARROW.matches || (card.span === 1 && y + card.height <= height);
      if (!fits) [x, y] = [x + column + GAP_PX, 0];
      if (y === 0) x = this.#whole(x, card.span);
      if (!held || card.at === undefined) moveTo(card, x, y, now_ms);
      else [x, y] = [card.at.x, card.at.y];
      right = Math.max(right, x + width);
      if (card.span > 1) [x, y] = [x + width, 0];
      else y += card.height + GAP_PX;
    }
    // Nothing else tells the page how far it can be scrolled.
    this.#list.style.width = NARROW.matches ? "" : `${Math.max(0, right - GAP_PX)}px`;
  }

  /** Where a wide card may begin: one that lies across the edge of a screen would be half a ticket on both. */
  #whole(x, span) {
    const { column, number } = this.#size;
    const index = Math.round(x / (column + GAP_PX));
    return (index % number) + span <= number ? x : Math.ceil(index / number) * number * (column + GAP_PX);
  }

  /** Asking for it makes the browser lay out the page, so it is asked for only when something was resized. */
  #measureRoom(cards) {
    this.#isRoomKnown = true;
    const room = this.#list.parentElement;
    const [width, height] = [room.clientWidth - 2 * GAP_PX, room.clientHeight - 2 * GAP_PX];
    const least = COLUMN_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
    if (width === this.#size.width && height === this.#size.height && least === this.#size.least) return;
    const number = NARROW.matches ? 1 : Math.max(1, Math.floor((width + GAP_PX) / (least + GAP_PX)));
    // Not whole pixels: what is left over would show a sliver of the next column.
    const column = (width + GAP_PX) / number - GAP_PX;
    this.#size = { width, height, least, column, number };
    this.#list.style.setProperty("--column", `${column}px`);
    for (const card of cards) card.height = undefined;
  }

  /** A long ticket takes several columns, so that all of it is to be seen; one that is longer than all of them scrolls. */
  #measure(card) {
    if (card.height !== undefined) return;
    const { number, height } = this.#size;
    const most = NARROW.matches ? 1 : number;
    card.span = 0;
    card.cap(false);
    do {
      card.span += 1;
      setAttribute(card.element, "data-span", card.span === 1 ? null : card.span);
      card.element.style.setProperty("--span", card.span);
      card.height = card.article.offsetHeight + BORDERS_PX;
    } while (card.height > height && card.span < most);
    const isLong = !NARROW.matches && card.height > height;
    if (isLong) card.height = height;
    card.element.style.height = `${card.height}px`;
    card.cap(isLong);
  }
}

function moveTo(card, x, y, now_ms) {
  if (card.at?.x === x && card.at?.y === y) return;
  if (card.at !== undefined) card.moved(now_ms);
  card.at = { x, y };
  card.element.style.transform = NARROW.matches ? "" : `translate(${Math.round(x)}px, ${y}px)`;
}

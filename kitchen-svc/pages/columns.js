// Lays the cards out in columns, in the direction in which one reads, each filled from top to bottom. Every card is given its place and
// its size, and not by the browser's own columns: a change in one of 200 tickets then costs the layout of that one.

import { setAttribute } from "/assets/dom.js";
import { FORWARD } from "/assets/language.js";

const GAP_PX = 6;
/** Of the board, on each side. */
const PADDING_PX = 6;
/** Of a card, above and below together. */
const BORDERS_PX = 6;
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
    const { column } = this.#size;
    const now_ms = performance.now();
    const free = new Free(this.#size, NARROW.matches);
    let right = 0;
    for (const card of cards) {
      this.#measure(card);
      if (held && card.at !== undefined) free.goOnAfter(card);
      else moveTo(card, free.take(card), now_ms);
      right = Math.max(right, card.at.x + card.span * (column + GAP_PX));
    }
    // Nothing else tells the page how far it can be scrolled.
    this.#list.style.width = NARROW.matches ? "" : `${Math.max(0, right - GAP_PX)}px`;
  }

  /** Asking for it makes the browser lay out the page, so it is asked for only when something was resized. */
  #measureRoom(cards) {
    this.#isRoomKnown = true;
    const room = this.#list.parentElement;
    const [width, height] = [room.clientWidth - 2 * PADDING_PX, room.clientHeight - 2 * PADDING_PX];
    const root = getComputedStyle(document.documentElement);
    const least = parseFloat(root.getPropertyValue("--column-rem")) * parseFloat(root.fontSize);
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

/** Where there is room: the column that is being filled, what a wide card has left free, then one column after the other. */
class Free {
  #size;
  #isEndless;
  /** `{index, y}`: a column, from there down. */
  #now = { index: 0, y: 0 };
  #left = [];
  #next = 1;

  constructor(size, isEndless) {
    this.#size = size;
    this.#isEndless = isEndless;
  }

  /** The place of the next card. */
  take({ span, height }) {
    if (span > 1) return this.#takeWide(span, height);
    while (!this.#fits(height)) this.#now = this.#left.shift() ?? this.#fresh();
    const { index, y } = this.#now;
    this.#now = { index, y: y + height + GAP_PX };
    return this.#at(index, y);
  }

  /** From the top of columns that are empty. Those before it on the screen are filled with what comes next. */
  #takeWide(span, height) {
    const isEmpty = this.#now.y === 0 && this.#now.index === this.#next - 1;
    if (isEmpty) this.#next -= 1;
    const first = this.#whole(this.#next, span);
    for (let index = this.#next; index < first; index += 1) this.#left.push({ index, y: 0 });
    for (let index = first; index < first + span; index += 1) this.#left.push({ index, y: height + GAP_PX });
    this.#next = first + span;
    if (isEmpty) this.#now = this.#left.shift();
    return this.#at(first, 0);
  }

  /** The next one lies below that card, or further on. */
  goOnAfter({ at, span, height }) {
    const index = Math.round(at.x / (this.#size.column + GAP_PX));
    if (index + span < this.#next) return;
    this.#now = { index: index + span - 1, y: at.y + height + GAP_PX };
    this.#next = index + span;
  }

  #fits(height) {
    return this.#isEndless || this.#now.y === 0 || this.#now.y + height <= this.#size.height;
  }

  #fresh() {
    this.#next += 1;
    return { index: this.#next - 1, y: 0 };
  }

  /** One that lies across the edge of a screen would be half a ticket on both. */
  #whole(index, span) {
    const { number } = this.#size;
    return (index % number) + span <= number ? index : Math.ceil(index / number) * number;
  }

  #at(index, y) {
    return { x: index * (this.#size.column + GAP_PX), y };
  }
}

function moveTo(card, { x, y }, now_ms) {
  if (card.at?.x === x && card.at?.y === y) return;
  if (card.at !== undefined) card.moved(now_ms);
  card.at = { x, y };
  card.element.style.transform = NARROW.matches ? "" : `translate(${FORWARD * Math.round(x)}px, ${y}px)`;
}

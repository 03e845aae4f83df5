// Following an order: where it stands, live, and cancelling it while that is possible.

import { isTransient, list, problemName, request } from "/assets/api.js";
import { el, setText } from "/assets/dom.js";
import { follow } from "/assets/language.js";
import { Live } from "/assets/live.js";
import { swap } from "/assets/parts.js";
import { timeOfDay } from "/assets/time.js";
import { bell } from "/order/bell.js";
import { reorder } from "/order/history.js";
import { icon } from "/order/icons.js";
import { remember } from "/order/orders.js";
import { banner, head, say } from "/order/page.js";
import { text } from "/order/text.js";
import { orderCard } from "/order/ticket.js";
import { readyText } from "/order/wait.js";

const CANCEL_TRIES = 4;
/** What becomes of the question, or of asking, once the kitchen has begun. */
const WITHDRAWN = { "sure?": "late", late: "late" };
const ENDS = ["completed", "rejected", "cancelled"];
const WAITED_FOR = ["placed", "accepted", "preparing"];
/** How often it is looked whether it is a minute less. */
const TICK_MS = 10_000;

export function orderView(main, id) {
  const view = new OrderView(main, id);
  return { close: () => view.close() };
}

class OrderView {
  order = null;
  location = null;
  /** Of a rejected order: how many there are of what there was too little of, by sku. */
  lefts = new Map();
  /** Of cancelling: null, "sure?", "asking", "late", or a sentence. */
  cancelling = null;
  /** How long orders take now, or null. */
  wait = null;
  #closed = false;
  #tick;
  #ring = () => this.order && this.show();

  constructor(main, id) {
    this.main = main;
    this.path = `/v1/orders/${encodeURIComponent(id)}`;
    const handlers = { message: (order) => this.take(order), wait: ({ wait }) => this.hear(wait) };
    this.live = new Live(`${this.path}/events`, handlers, (status) => this.watch(status), () => this.load());
    this.#tick = setInterval(() => this.showReady(), TICK_MS);
    bell.addEventListener("change", this.#ring);
    this.load();
  }

  close() {
    this.#closed = true;
    this.stop();
    bell.removeEventListener("change", this.#ring);
  }

  /** Nothing more is to come. */
  stop() {
    clearInterval(this.#tick);
    bell.wait(false);
    this.live.close();
  }

  hear(wait) {
    this.wait = wait;
    if (this.order) this.showReady();
  }

  /** When it is ready, where it stands already. */
  showReady() {
    const element = this.main.querySelector(".expected span");
    const sentence = this.ready();
    if (element && sentence) setText(element, sentence);
    else if (this.order && sentence) this.show();
  }

  ready() {
    return this.order && readyText(this.order, this.wait, (at_ms) => timeOfDay(at_ms, this.location?.timezone));
  }

  watch({ connection, since }) {
    if (connection !== "away") return banner(connection === "polling" ? text.connection.polling : null, "info");
    banner(since ? text.connection.stale(timeOfDay(since, this.location?.timezone)) : text.connection.none);
  }

  /** Whether it could be read. */
  async load() {
    const answer = await request("GET", this.path).catch(() => null);
    if (this.#closed) return false;
    if (answer?.ok) this.take(answer.body);
    else if (answer && !isTransient(answer.status)) this.lose();
    return answer?.ok === true;
  }

  lose() {
    this.close();
    head(text.title);
    this.main.replaceChildren(el("p", { class: "quiet" }, text.order.unknown), newOrder("#locations"));
  }

  take(order) {
    if (this.order && order.version < this.order.version) return;
    const told = this.order;
    this.order = order;
    if (!told) this.begin(order);
    if (told?.version === order.version) return;
    if (told && told.status !== order.status) remember(order);
    if (told && told.status !== "ready" && order.status === "ready") bell.ring();
    bell.wait(WAITED_FOR.includes(order.status));
    if (told && told.status !== order.status) say(text.order.statusSaid(order.number, headline(order)));
    if (this.cancelling !== null && !canCancel(order)) this.cancelling = WITHDRAWN[this.cancelling] ?? null;
    if (ENDS.includes(order.status)) this.stop();
    if (order.status === "rejected") this.readLefts(order);
    this.show();
  }

  async begin(order) {
    remember(order);
    const answer = await request("GET", `/v1/locations/${order.location}`).catch(() => null);
    if (!answer?.ok || this.main.dataset.order !== order.id) return;
    this.location = answer.body;
    follow(order.location, answer.body.language);
    this.wait ??= answer.body.wait ?? null;
    this.show();
  }

  async readLefts({ location, rejection }) {
    const short = new Set(rejection?.unavailable.map(({ sku }) => sku) ?? []);
    const items = short.size > 0 && (await list(`/v1/menu/${encodeURIComponent(location)}`).catch(() => null));
    if (!items || this.main.dataset.order !== this.order.id) return;
    this.lefts = new Map(items.filter(({ sku, available }) => short.has(sku) && available).map(({ sku, left }) => [sku, left]));
    this.show();
  }

  show() {
    const { order } = this;
    this.main.dataset.order = order.id;
    const back = [text.locations.menu, `#at/${encodeURIComponent(order.location)}`];
    head(this.location?.name ?? text.order.title(order.number), { back });
    document.title = `${headline(order)} · ${text.order.title(order.number)}`;
    swap(this.main, orderCard(order, { timezone: this.location?.timezone, lefts: this.lefts, ready: this.ready(), payment: this.location?.payment?.[order.type] }, headline(order)), this.actions());
  }

  actions() {
    const { order } = this;
    const again = () => {
      reorder(order);
      location.hash = `#at/${encodeURIComponent(order.location)}/basket`;
    };
    const ended = ENDS.includes(order.status);
    return el(
      "div",
      { class: "actions" },
      WAITED_FOR.includes(order.status) && bellButton(),
      (canCancel(order) || this.cancelling === "late") && this.cancelPanel(),
      order.cancellation.status === "requested" && !ended && el("p", { role: "status" }, text.order.cancelAsked),
      order.cancellation.status === "denied" && !ended && el("p", { role: "status" }, text.order.cancelDenied),
      ended && el("button", { type: "button", "data-focus": "again", onclick: again }, text.order.again),
      newOrder(`#at/${encodeURIComponent(order.location)}`),
    );
  }

  cancelPanel() {
    const button = (label, kind, focus, onclick, disabled = false) =>
      el("button", { type: "button", class: kind, "data-focus": focus, onclick, disabled }, label);
    const turn = (step) => () => this.turn(step);
    if (this.cancelling === "asking") return button(text.order.cancelling, "danger", "cancel", turn("asking"), true);
    if (this.cancelling === "sure?" || this.cancelling === "late") return this.question(button, turn);
    const failed = this.cancelling && el("p", { class: "wrong", role: "alert" }, this.cancelling);
    return el("div", { class: "cancel" }, failed, button(text.order.cancel, "danger", "cancel", turn("sure?")));
  }

  /** Where the kitchen begins meanwhile, it stays where it is: a finger on its way must not meet something else. */
  question(button, turn) {
    const isLate = this.cancelling === "late";
    const sentence = isLate ? text.order.notCancellable : text.order.cancelSure;
    return el(
      "div",
      { class: "card sure", role: "group", "aria-labelledby": "cancel-sure" },
      el("p", { id: "cancel-sure", role: isLate && "alert" }, sentence),
      el(
        "div",
        { class: "choices" },
        button(text.order.cancelYes, "danger", "cancel", () => this.cancel(), isLate),
        button(isLate ? text.order.cancelOk : text.order.cancelNo, "", "keep", turn(null)),
      ),
    );
  }

  turn(step) {
    this.cancelling = step;
    this.show();
  }

  /** Asking twice is asking once, so a lost answer is simply asked for again. */
  async cancel() {
    this.turn("asking");
    for (let wait_ms = 500, tries = 0; tries < CANCEL_TRIES; tries += 1, wait_ms *= 2) {
      const answer = await request("POST", `${this.path}/cancel`).catch(() => null);
      if (answer?.ok) return this.cancelled(answer.body);
      if (answer !== null && !isTransient(answer.status)) {
        const late = problemName(answer) === "not-cancellable";
        this.turn(late ? text.order.notCancellable : text.order.cancelFailed);
        return this.load();
      }
      await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
    this.turn(text.order.cancelFailed);
  }

  cancelled(order) {
    this.cancelling = null;
    this.take(order);
    this.show();
  }
}

/** Whether it rings when the order is ready; browsers want to be touched before they make a sound. */
function bellButton() {
  const label = bell.isHeard ? text.bell.on : text.bell.off;
  return el("button", { type: "button", class: "bell", "data-focus": "bell", "aria-pressed": String(bell.isHeard), onclick: () => bell.turn() }, icon("bell"), el("span", {}, label));
}

function newOrder(address) {
  return el("a", { class: "button", href: address }, text.order.newOrder);
}

function canCancel({ status, cancellation }) {
  return status === "placed" || (status === "accepted" && cancellation.status === "none");
}

export function headline({ status, type }) {
  const line = text.order.headline[status];
  return typeof line === "string" ? line : line[type];
}

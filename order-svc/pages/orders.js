// The orders that were placed from this browser, so that a guest finds his way back to them, and orders again what was
// good. They are kept on the device, whole: no service is asked for them.

import { storage } from "/assets/kept.js";

const NAME = "comanda.orders";
const DAY_MS = 18 * 3600 * 1000;
const KEPT_MS = 180 * 24 * 3600 * 1000;
const MOST = 60;

/** Newest first. */
export function pastOrders() {
  try {
    const kept = JSON.parse(storage()?.getItem(NAME)) ?? [];
    return kept.filter((order) => Date.now() - Date.parse(order.placed_at) < KEPT_MS);
  } catch {
    return [];
  }
}

/** Those of today. */
export function placedOrders() {
  return pastOrders().filter((order) => Date.now() - Date.parse(order.placed_at) < DAY_MS);
}

/** An order as it is now; of one that is known, what is told adds to what was. */
export function remember(told) {
  const { id, number, location, placed_at, status, total, type, lines } = told;
  const known = pastOrders().find((order) => order.id === id);
  const order = { ...known, ...given({ id, number, location, placed_at, status, total, type, lines: lines?.map(lineOf) }) };
  write([order, ...pastOrders().filter((other) => other.id !== id)].sort((one, other) => Date.parse(other.placed_at) - Date.parse(one.placed_at)));
}

export function forgetAll() {
  write([]);
}

function write(orders) {
  try {
    storage()?.setItem(NAME, JSON.stringify(orders.slice(0, MOST)));
  } catch {
    // The address of the order's page still leads to it.
  }
}

function lineOf({ sku, name, quantity, modifiers, notes }) {
  return { sku, name, quantity, modifiers: modifiers.map(({ sku: one, name: called, effect }) => ({ sku: one, name: called, effect })), notes };
}

function given(members) {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

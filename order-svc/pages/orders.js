// The orders that were placed from this browser, so that a guest finds his way back to them.

import { storage } from "/assets/kept.js";

const NAME = "comanda.orders";
const KEPT_MS = 18 * 3600 * 1000;
const MOST = 8;

/** Newest first. */
export function placedOrders() {
  try {
    const kept = JSON.parse(storage()?.getItem(NAME)) ?? [];
    return kept.filter((order) => Date.now() - Date.parse(order.placed_at) < KEPT_MS);
  } catch {
    return [];
  }
}

export function remember({ id, number, location, placed_at }) {
  const others = placedOrders().filter((order) => order.id !== id);
  const kept = [{ id, number, location, placed_at }, ...others].slice(0, MOST);
  try {
    storage()?.setItem(NAME, JSON.stringify(kept));
  } catch {
    // The address of the order's page still leads to it.
  }
}

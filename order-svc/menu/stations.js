// Which station cooks what, where the kitchen can be asked.

import { isHere, over, request } from "/assets/api.js";

const TRIES = 3;

export class Stations extends EventTarget {
  /** As the kitchen has them, or null. */
  known = null;
  #path;

  constructor(slug) {
    super();
    this.#path = `/v1/stations/${encodeURIComponent(slug)}`;
    this.load();
  }

  async load() {
    if (!(await isHere("kitchen-svc"))) return;
    const answer = await request("GET", this.#path).catch(() => null);
    if (answer?.ok) this.#take(answer.body);
  }

  #take(known) {
    this.known = known;
    this.dispatchEvent(new Event("change"));
  }

  nameOf(id) {
    return this.known.stations.find((station) => station.id === id)?.name ?? id;
  }

  /** The station that is named for it, or "". `what` is `{sku}` or `{category}`. */
  routeOf(what) {
    const [name, value] = Object.entries(what)[0];
    return this.known.routes.find((route) => route[name] === value)?.station ?? "";
  }

  /** Sends it there; "" takes its route away. Others may change other routes meanwhile. Whether it is done. */
  async send(what, station) {
    const [name, value] = Object.entries(what)[0];
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { stations, default: rest, routes, serve_after, version } = this.known;
      const others = routes.filter((route) => route[name] !== value);
      const body = { stations, default: rest, serve_after, routes: station ? [...others, { ...what, station }] : others };
      const answer = await request("PUT", this.#path, { body, headers: over(version) }).catch(() => null);
      if (answer?.ok) {
        this.#take(answer.body);
        return true;
      }
      if (answer?.status !== 412) return false;
      await this.load();
    }
    return false;
  }
}

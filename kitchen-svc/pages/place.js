// What is known of the kitchen that is shown: its stations, its clock, and how long it shows what is ready.

import { allLocations, request } from "/assets/api.js";
import { words } from "/assets/text.js";

const STATIONS_MS = 300_000;
const RETRY_MS = 5_000;
const SOON_MS = 200;
const UNKNOWN = { timezone: undefined, day_starts: "05:00" };

export class Place {
  /** `[{id, name}]`: those that are set up, and those that tickets are still at. */
  stations = [];
  /** The ids of those that are set up, once they are known. */
  ids = null;
  /** Of the location, as far as it is known. */
  location = UNKNOWN;
  serveAfter_ms = null;
  #slug = null;
  #changed;
  #timer = 0;

  /** `changed(stations)` is told when there is something new; whether the stations are. */
  constructor(changed) {
    this.#changed = changed;
  }

  get timezone() {
    return this.location.timezone;
  }

  at(slug) {
    this.#slug = slug;
    Object.assign(this, { stations: [], ids: null, location: UNKNOWN, serveAfter_ms: null });
  }

  nameOf(id) {
    return this.stations.find((station) => station.id === id)?.name ?? words(id);
  }

  /** A station that is no longer set up may still have tickets: it can be shown. */
  learn({ items }) {
    for (const { station: id } of items) if (!this.stations.some((known) => known.id === id)) this.stations = [...this.stations, { id, name: words(id) }];
  }

  loadSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.load(), SOON_MS);
  }

  async load() {
    const slug = this.#slug;
    this.#loadLocation(slug);
    const answer = await request("GET", `/v1/stations/${slug}`).catch(() => null);
    if (slug !== this.#slug) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.load(), answer?.ok ? STATIONS_MS : RETRY_MS);
    if (!answer?.ok) return;
    const old = JSON.stringify(this.stations);
    this.stations = answer.body.stations;
    this.ids = this.stations.map(({ id }) => id);
    this.serveAfter_ms = 60_000 * answer.body.serve_after;
    this.#changed(() => JSON.stringify(this.stations) !== old);
  }

  async #loadLocation(slug) {
    const found = (await allLocations())?.find((one) => one.location === slug);
    if (!found || slug !== this.#slug) return;
    this.location = found;
    this.#changed(() => false);
  }
}

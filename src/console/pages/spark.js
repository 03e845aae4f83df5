// A small line of the last hour. The same in words is its label, and what it comes to stands in a table beside it.

import { setAttribute } from "/assets/dom.js";
import { samples } from "/console/samples.js";
import { svg } from "/console/svg.js";

const WIDTH = 720;
const HEIGHT = 36;
const HOUR_MS = 3_600_000;
/** Of what has just begun, the beginning fills the line. */
const LEAST_MS = 300_000;

/** Now, least, most and mean of a series; null where nothing is known. */
export function summary(name) {
  const values = samples.series(name).map(([, value]) => value).filter((value) => value !== null);
  if (values.length === 0) return null;
  const sum = values.reduce((one, other) => one + other, 0);
  return { now: samples.now(name), least: Math.min(...values), most: Math.max(...values), mean: sum / values.length };
}

/** An element that `draw(label)` brings up to date. */
export function sparkline(name) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const element = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" }, area, line);
  const draw = (label) => {
    const pieces = unbroken(samples.series(name));
    const most = Math.max(1e-9, ...pieces.flat().map(([, value]) => value));
    const whole_ms = Math.min(HOUR_MS, Math.max(LEAST_MS, samples.last_ms - samples.first_ms));
    const x = (at_ms) => Math.max(0, WIDTH - ((samples.last_ms - at_ms) / whole_ms) * WIDTH).toFixed(1);
    const y = (value) => (HEIGHT - 2 - (value / most) * (HEIGHT - 6)).toFixed(1);
    const path = (piece) => piece.map(([at_ms, value], place) => `${place ? "L" : "M"}${x(at_ms)},${y(value)}`).join("");
    // A single point is a short line.
    setAttribute(line, "d", pieces.map((piece) => (piece.length > 1 ? path(piece) : `${path(piece)}h1`)).join(""));
    setAttribute(area, "d", pieces.map((piece) => `${path(piece)}V${HEIGHT}H${x(piece[0][0])}Z`).join(""));
    setAttribute(element, "aria-label", label);
  };
  return { element, draw };
}

/** Without what is not known: each piece of the line is drawn by itself. */
function unbroken(points) {
  const pieces = [];
  let piece = [];
  for (const point of points) {
    if (point[1] !== null) piece.push(point);
    else if (piece.length) {
      pieces.push(piece);
      piece = [];
    }
  }
  return piece.length ? [...pieces, piece] : pieces;
}

// A trace as a picture: a lane for people and one for each service, a dot for each thing that a service was told, and
// from what caused it a line along the one lane and across to the other. The steps beside it say the same in words.

import { el } from "/assets/dom.js";
import { SIGNED } from "/assets/language.js";
import { SERVICES } from "/console/samples.js";
import { svg } from "/console/svg.js";
import { span, stepWords, text } from "/console/text.js";

const LANES = ["people", ...SERVICES];
const HEAD = 64;
const MARGIN = 26;
/** From the top of a step to the middle of its first line. */
const FIRST_LINE = 22;
const RADIUS = 7;
const BEND = 10;
/** From here on a hop's time fits above its line. */
const GAP_FOR_WORDS = 90;

/** `{element, draw, close}` of what the console's server answers of an order. */
export function tracks({ steps }) {
  const first_ms = Date.parse(steps[0].at);
  const items = steps.map((step) => item(step, first_ms));
  const list = el("ol", { class: "steps" }, ...items);
  const picture = svg("svg", { class: "tracks", "aria-hidden": "true" });
  const element = el("div", { class: "trace" }, picture, list);
  const draw = () => drawn(picture, element, steps, items);
  const observer = new ResizeObserver(draw);
  observer.observe(element);
  return { element, draw, close: () => observer.disconnect() };
}

function item(step, first_ms) {
  const { title, told, said, mark } = stepWords(step);
  const isDead = mark?.kind === "bad" && step.lag_ms !== null;
  return el(
    "li",
    { class: step.service },
    el("p", {}, el("strong", {}, title), mark && el("span", { class: `badge ${mark.kind}` }, mark.words), isDead && el("a", { href: "#dead" }, text.trace.toDead)),
    el("p", { class: "quiet" }, el("span", { class: "moment" }, `${SIGNED}+${span(Date.parse(step.at) - first_ms)}`), ` ${told}`),
    step.reason && el("p", { class: "reason" }, step.reason),
    said && el("p", {}, said),
  );
}

function drawn(picture, element, steps, items) {
  const width = parseFloat(getComputedStyle(element).getPropertyValue("--tracks")) / 100 || 0.4;
  const wide = Math.max(150, Math.min(620, element.clientWidth * width));
  element.style.setProperty("--beside", `${wide}px`);
  const height = element.clientHeight;
  const gap = (wide - 2 * MARGIN) / (LANES.length - 1);
  const x = (lane) => MARGIN + LANES.indexOf(lane) * gap;
  const y = (index) => items[index].offsetTop + FIRST_LINE;
  picture.setAttribute("viewBox", `0 0 ${wide} ${height}`);
  picture.setAttribute("width", wide);
  picture.setAttribute("height", height);
  const causes = steps.map((step, index) => causeOf(steps, index));
  picture.replaceChildren(
    ...LANES.map((lane) => svg("path", { class: `lane ${lane}`, d: `M${x(lane)},${HEAD}V${height}` })),
    ...LANES.map((lane) => head(lane, x(lane), gap)),
    ...steps.map((step, index) => hop(step, causes[index], { x, y, index, gap })),
    ...steps.map((step, index) => dot(step, x(step.service), y(index))),
  );
}

/** The step that said what this one was told, or who asked. */
function causeOf(steps, index) {
  const step = steps[index];
  const from = steps.findIndex((other) => other.service === step.by && other.said.some(({ id }) => id === step.id));
  if (from >= 0 && from < index) return { lane: step.by, from };
  if (SERVICES.includes(step.by)) return { lane: step.by, from: index };
  return { lane: "people", from: index };
}

function head(lane, x, gap) {
  const words = lane === "people" ? text.trace.people : text.names[lane];
  const turned = gap < 70;
  const place = turned ? { x: 0, y: 0, transform: `translate(${x + 4} ${HEAD - 10}) rotate(-55)` } : { x, y: HEAD - 14, "text-anchor": "middle" };
  const element = svg("text", { class: `head ${lane}`, ...place });
  element.textContent = words;
  return element;
}

/** Down the lane of who said it, and across. */
function hop(step, { lane, from }, { x, y, index, gap }) {
  // What a service does by itself, when its time has come.
  if (lane === step.service) return null;
  const [start, end, top, at] = [x(lane), x(step.service), y(from), y(index)];
  const side = end > start ? 1 : -1;
  const tip = end - side * (RADIUS + 2);
  const across = from === index ? `M${start},${at}H${tip}` : `M${start},${top}V${at - BEND}Q${start},${at} ${start + side * BEND},${at}H${tip}`;
  const arrow = `M${tip},${at}l${-side * 8},-5v10Z`;
  const isSame = step.outcome === "decided";
  const group = svg("g", { class: `hop ${lane}${isSame ? "" : " vain"}` }, svg("path", { class: "line", d: across }), svg("path", { class: "tip", d: arrow }));
  if (from === index) group.append(svg("circle", { class: "from", cx: start, cy: at, r: 4 }));
  if (step.lag_ms !== null && gap >= GAP_FOR_WORDS) {
    const words = svg("text", { class: "lag", x: (start + end) / 2, y: at - 6, "text-anchor": "middle" });
    words.textContent = span(step.lag_ms);
    group.append(words);
  }
  return group;
}

function dot(step, x, y) {
  const isVain = step.outcome === "repeated" || step.outcome === "late";
  if (step.outcome === "decided" || isVain) return svg("circle", { class: `dot ${step.service}${isVain ? " vain" : ""}`, cx: x, cy: y, r: RADIUS });
  return svg("path", { class: "dot refused", d: `M${x - 6},${y - 6}l12,12m0,-12l-12,12` });
}

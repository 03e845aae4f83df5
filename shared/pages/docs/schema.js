// What a JSON Schema says, as people read it: a type with its limits, and the fields of an object.

import { el } from "/assets/dom.js";
import { shared } from "/assets/text.js";
import { text } from "/docs/text.js";

/** A reference, `null` as an alternative and `allOf` resolved: `{name?, nullable?, type, properties, …}`. */
export function plain(api, schema) {
  if (typeof schema !== "object" || schema === null) return {};
  const { $ref, allOf, oneOf, anyOf, ...said } = schema;
  if ($ref) {
    const name = $ref.split("/").at(-1);
    return { ...plain(api, api.components.schemas[name]), ...said, name };
  }
  if (allOf) {
    const parts = allOf.map((part) => plain(api, part));
    const properties = Object.assign({}, ...parts.map((part) => part.properties), said.properties);
    const required = parts.flatMap((part) => part.required ?? []).concat(said.required ?? []);
    return { ...Object.assign({}, ...parts), ...said, name: undefined, properties, required };
  }
  const all = oneOf ?? anyOf ?? [];
  const others = all.filter((one) => one.type !== "null");
  const types = [said.type].flat().filter((type) => type !== "null");
  const nullable = others.length < all.length || [said.type].flat().includes("null");
  if (others.length === 1) return { ...plain(api, others[0]), ...said, nullable };
  return { ...said, nullable, type: types[0], choices: others.length > 1 ? others : undefined };
}

/** Text of the document, in which `code` is written between grave accents, as nodes. */
export function prose(words = "") {
  return [el("bdi", { lang: "en" }, ...words.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part)))];
}

/** Its type, which leads to the schema that has a name: `a list of Line`, `string (date-time) or null`. */
export function typeOf(api, schema) {
  const it = plain(api, schema);
  const kind = it.name ? [el("a", { href: `#schema_${it.name}` }, it.name)] : unnamed(api, it);
  return it.nullable ? [...kind, ` ${text.orNull}`] : kind;
}

function unnamed(api, it) {
  if (it.choices) return it.choices.flatMap((one, index) => [index ? ` ${text.or} ` : "", ...typeOf(api, one)]);
  if (it.type === "array") return [`${text.listOf} `, ...typeOf(api, it.items)];
  const values = it.additionalProperties;
  if (typeof values === "object" && !it.properties) return [`${text.mapOf} `, ...typeOf(api, values)];
  return [it.const !== undefined ? JSON.stringify(it.const) : (it.type ?? text.anything), it.format ? ` (${it.format})` : ""];
}

/** `from 1 to 999`, `one of start, ready`: what a value of the type has to keep to, as nodes. */
export function limits(api, schema) {
  const it = plain(api, schema);
  const range = (from, to, unit) => (from === undefined && to === undefined ? [] : [text.range(from, to, unit)]);
  const said = [
    ...(it.enum ? [[`${text.oneOf} `, ...it.enum.flatMap((value, index) => [index ? ", " : "", el("code", {}, String(value))])]] : []),
    ...range(it.minimum, it.maximum),
    ...range(it.minLength, it.maxLength, text.characters),
    ...range(it.minItems, it.maxItems, text.entries),
    ...(it.pattern ? [[`${text.matching} `, el("code", {}, it.pattern)]] : []),
    ...(it.default !== undefined && it.default !== null ? [text.standard(JSON.stringify(it.default))] : []),
  ];
  return said.flatMap((part, index) => [index ? ", " : "", part].flat());
}

/** Something to open, whose content is made when it is first opened. */
export function details(attributes, summary, make) {
  const element = el("details", attributes, el("summary", {}, ...summary));
  const fill = () => {
    if (element.open && element.childElementCount === 1) element.append(make());
  };
  element.addEventListener("toggle", fill);
  return element;
}

/** All that is to be said of a schema. */
export function described(api, schema) {
  const it = plain(api, schema);
  const limit = limits(api, schema);
  const closed = it.additionalProperties === false && el("p", { class: "quiet" }, text.noOther);
  return el(
    "div",
    { class: "schema" },
    it.description && el("p", {}, ...prose(it.description)),
    it.properties ? fields(api, it) : el("p", {}, ...unnamed(api, it), it.nullable ? ` ${text.orNull}` : "", limit.length ? ": " : "", ...limit),
    it.properties && closed,
  );
}

function fields(api, it) {
  const needed = new Set(it.required);
  const all = Object.entries(it.properties);
  return el("ul", { class: "fields" }, ...all.map(([name, schema]) => field(api, name, schema, needed.has(name))));
}

/** One field or parameter; `where` says what kind of parameter it is. */
export function field(api, name, schema, needed, { where, description } = {}) {
  const it = plain(api, schema);
  const inner = it.type === "array" ? plain(api, it.items) : it;
  const limit = limits(api, schema);
  const told = description ?? it.description;
  return el(
    "li",
    {},
    el("p", {}, el("code", { class: "name" }, name), " ", ...typeOf(api, schema), el("span", { class: "quiet" }, `, ${shared.list([where, needed ? text.needed : text.optional].filter(Boolean))}`)),
    told && el("p", {}, ...prose(told)),
    limit.length > 0 && el("p", { class: "quiet" }, ...limit),
    inner.properties && details({}, [text.fields(inner.name ?? name)], () => described(api, inner)),
  );
}

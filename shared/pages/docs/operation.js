// One operation: what it takes, what it answers, and how to call it.

import { el, setText } from "/assets/dom.js";
import { curl, exampleBody } from "/docs/example.js";
import { described, details, field, plain, prose, typeOf } from "/docs/schema.js";
import { text } from "/docs/text.js";

/** `call` is `{id, method, path, operation, parameters}`. */
export function operation(api, call) {
  return details({ id: call.id, class: "card" }, head(call), () => body(api, call));
}

function head({ method, path, operation: { summary } }) {
  return [el("span", { class: "method" }, method.toUpperCase()), " ", el("code", { class: "path" }, path), " ", el("span", { class: "says" }, ...prose(summary))];
}

function body(api, call) {
  const { description } = call.operation;
  return el(
    "div",
    { class: "whole" },
    description && el("p", {}, ...prose(description)),
    ...parameters(api, call),
    ...sent(api, call.operation),
    ...answers(api, call.operation),
    el("h3", {}, text.call),
    snippet(curl(api, location.origin, call)),
  );
}

function parameters(api, call) {
  if (call.parameters.length === 0) return [];
  const one = (parameter) => field(api, parameter.name, parameter.schema, parameter.required, { where: text.place[parameter.in], description: parameter.description });
  return [el("h3", {}, text.parameters), el("ul", { class: "fields" }, ...call.parameters.map(one))];
}

function sent(api, operation) {
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  if (!schema) return [];
  const example = exampleBody(api, operation);
  return [
    el("h3", {}, text.body),
    el("p", {}, ...typeOf(api, schema), el("span", { class: "quiet" }, `, ${operation.requestBody.required ? text.needed : text.optional}`)),
    described(api, schema),
    example !== undefined && el("h4", {}, text.example),
    example !== undefined && snippet(JSON.stringify(example, null, 2)),
  ].filter(Boolean);
}

function answers(api, operation) {
  const all = Object.entries(operation.responses ?? {});
  return [el("h3", {}, text.answers), el("ul", { class: "fields" }, ...all.map(([status, response]) => answer(api, status, response)))];
}

function answer(api, status, { description, headers, content }) {
  const [[type, { schema } = {}] = []] = Object.entries(content ?? {});
  const names = Object.keys(headers ?? {}).flatMap((name, index) => [index ? ", " : "", el("code", {}, name)]);
  const inner = schema && plain(api, schema);
  return el(
    "li",
    {},
    el("p", {}, el("strong", { class: "status" }, status), " ", ...prose(description)),
    type && el("p", { class: "quiet" }, el("code", {}, type), ...(schema ? [": ", ...typeOf(api, schema)] : [])),
    names.length > 0 && el("p", { class: "quiet" }, `${text.headers} `, ...names),
    inner?.properties && !type.includes("problem") && details({}, [text.fields(inner.name ?? status)], () => described(api, inner)),
  );
}

/** Code that scrolls by itself, and may be copied where the browser allows it. */
function snippet(code) {
  const pre = el("pre", { tabindex: 0 }, el("code", {}, code));
  if (!navigator.clipboard) return pre;
  const button = el("button", { type: "button" }, text.copy);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code).then(() => setText(button, text.copied), () => getSelection().selectAllChildren(pre));
  });
  return el("div", { class: "snippet" }, pre, button);
}

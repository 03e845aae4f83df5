// Examples of what is sent: a body from its schema, and a line for the shell that makes the whole call.

import { plain } from "/docs/schema.js";

const HOUR_MS = 3_600_000;
const ID = "0190b2f0-0000-7000-8000-000000000001";
/** What a field of that name may be, where the document does not say. */
const USUAL = {
  location: "soho",
  sku: "margherita",
  ingredient: "flour",
  feed: "orders",
  item: "1",
  name: "Margherita",
  category: "Pizza",
  currency: "GBP",
  timezone: "Europe/London",
  day_starts: "05:00",
  language: "en",
  price: 950,
  quantity: 2,
};

function usual(name, type) {
  return typeof USUAL[name] === type ? USUAL[name] : undefined;
}

/** The least that is right by its schema: the required fields only, unless the document brings an example. */
export function example(api, schema, name = "") {
  const it = plain(api, schema);
  const given = it.example ?? it.examples?.[0] ?? it.const ?? it.enum?.[0];
  if (given !== undefined) return given;
  if (it.choices) return example(api, it.choices[0], name);
  switch (it.type) {
    case "object":
      return Object.fromEntries((it.required ?? []).map((field) => [field, example(api, it.properties?.[field], field)]));
    case "array":
      return [example(api, it.items, name)];
    case "integer":
    case "number":
      return usual(name, "number") ?? Math.max(1, it.minimum ?? 1);
    case "boolean":
      return true;
    default:
      if (it.format === "uuid") return ID;
      if (it.format === "date-time") return new Date(Date.now() + HOUR_MS).toISOString();
      return usual(name, "string") ?? "main";
  }
}

/** The example of a request's body; undefined where none is needed. */
export function exampleBody(api, operation) {
  const schema = operation.requestBody?.required && operation.requestBody.content["application/json"]?.schema;
  return schema ? example(api, schema) : undefined;
}

/** The path with its parameters filled in, and those of the query that must be there. */
export function examplePath(api, path, parameters) {
  const value = ({ name, schema, example: given }) => encodeURIComponent(given ?? example(api, schema, name));
  const query = parameters.filter((one) => one.in === "query" && one.required).map((one) => `${one.name}=${value(one)}`);
  const filled = path.replaceAll(/\{(\w+)\}/g, (whole, name) => {
    const found = parameters.find((one) => one.in === "path" && one.name === name);
    return found ? value(found) : whole;
  });
  return filled + (query.length ? `?${query.join("&")}` : "");
}

/** The call for a shell, each option on a line of its own. */
export function curl(api, base, { method, path, operation, parameters }) {
  const body = exampleBody(api, operation);
  const isStream = "text/event-stream" in (operation.responses?.["200"]?.content ?? {});
  const verb = { get: "", post: body === undefined ? " -X POST" : "" }[method] ?? ` -X ${method.toUpperCase()}`;
  const address = base + examplePath(api, path, parameters);
  const options = [
    `curl ${isStream ? "-N" : "-s"}${verb} ${/[?&]/.test(address) ? quoted(address) : address}`,
    ...(parameters.some((one) => one.name.toLowerCase() === "idempotency-key") ? ['-H "Idempotency-Key: $(date +%s)"'] : []),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
  ];
  return options.join(" \\\n  ");
}

function quoted(words) {
  return `'${words.replaceAll("'", "'\\''")}'`;
}

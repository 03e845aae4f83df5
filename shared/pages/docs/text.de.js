// The words of the reader, in German. What it reads is in the English of the document.

import { count } from "/assets/text.de.js";

const calls = (number) => count(number, "Aufruf", "Aufrufe");

export const text = {
  title: "HTTP-Schnittstelle",
  skip: "Zu den Aufrufen springen",
  home: "Comanda",
  filter: "Filtern: Pfad, Methode oder Wörter ( / )",
  found: (shown, all) => (shown === all ? calls(all) : `${shown} von ${calls(all)}`),
  document: "Dasselbe als OpenAPI-Dokument",
  services: "Dienste",
  schemas: "Schemas",
  parameters: "Parameter",
  body: "Inhalt der Anfrage",
  answers: "Antworten",
  call: "Aufrufen",
  copy: "Kopieren",
  copied: "Kopiert",
  example: "Beispiel",
  needed: "nötig",
  optional: "freiwillig",
  fields: (name) => `Felder von ${name}`,
  place: { path: "im Pfad", query: "in der Abfrage", header: "ein Header", cookie: "ein Cookie" },
  headers: "Mit",
  listOf: "eine Liste von",
  mapOf: "ein Objekt, nach Namen, von",
  orNull: "oder null",
  or: "oder",
  anything: "beliebiges JSON",
  noOther: "Keine anderen Felder.",
  oneOf: "eins von",
  standard: (value) => `Vorgabe ${value}`,
  matching: "passend zu",
  range: (from, to, unit = "") => `${from === undefined ? "höchstens" : to === undefined ? "mindestens" : "von"} ${[from, to].filter((end) => end !== undefined).join(" bis ")}${unit && ` ${unit}`}`,
  characters: "Zeichen",
  entries: "Einträge",
  away: "Das Dokument lässt sich nicht lesen: Der Server antwortet nicht.",
};

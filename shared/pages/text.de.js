// The words that all pages use, in German.

export const shared = {
  list: (names) => names.join(", "),
  row: (parts) => parts.join(" · "),
  close: "Schließen",
  cancel: "Abbrechen",
  undo: "Rückgängig",
  retry: "Noch einmal versuchen",
  dismiss: "Ausblenden",
  loading: "Wird geladen …",
  connecting: "Verbindung wird aufgebaut …",
  notLive: (time) => (time === null ? "NICHT LIVE: noch keine Verbindung" : `NICHT LIVE seit ${time}`),
  polling: "Wird alle paar Sekunden aktualisiert",
  notLiveHint: "Was hier steht, kann veraltet sein.",
  unreachable: "Der Server antwortet nicht.",
  tooLong: (over) => `${count(over, "Zeichen", "Zeichen")} zu lang: bitte kürzen.`,
  signIn: {
    title: "Wer ist da?",
    hint: "Hier ist niemand angemeldet. Mit diesem Code kann die Leitung das Gerät freigeben:",
    provider: "Anmelden",
  },
  taking: {
    title: "Bestellannahme",
    hint: "Gäste sehen es sofort.",
    notSet: "Das ist nicht angekommen. Bitte noch einmal versuchen.",
    asUsual: "Normal annehmen",
    now: (mode, busy) => ({ paused: "Pause", closed: "Geschlossen" })[mode] ?? (busy ? `Viel los, +${busy} min` : "Annahme"),
    choice({ mode, for_minutes: minutes, busy_minutes: busy }) {
      if (busy) return `Viel los: eine Stunde lang ${busy} Minuten mehr`;
      if (mode === "open") return shared.taking.asUsual;
      return minutes ? `${minutes} Minuten Pause` : "Pause, bis jemand wieder öffnet";
    },
    banner(mode, busy, left) {
      const rest = left === null ? "" : `, noch ${left}`;
      if (mode === "open") return `Viel los: Gästen wird gesagt, dass es ${busy} Minuten länger dauert${rest}.`;
      return mode === "paused" ? `Keine Bestellungen: Pause${rest || ", bis jemand wieder öffnet"}.` : `Keine Bestellungen: geschlossen${rest}.`;
    },
  },
  types: { dine_in: "Im Haus", pickup: "Abholung", delivery: "Lieferung" },
  language: "Sprache",
  byDevice: "Wie das Gerät",
  problems: {
    invalid: "Etwas daran wird so nicht angenommen.",
    "invalid-line": "Etwas daran wird so nicht angenommen.",
    "not-found": "Das gibt es nicht mehr.",
    forbidden: "Ansehen ist erlaubt, ändern nicht.",
    unauthenticated: "Bitte zuerst anmelden.",
    "version-mismatch": "Inzwischen hat es jemand anderes geändert. Bitte noch einmal ansehen.",
    "unit-in-use": "Die Einheit steht fest: Rezepte und Bestand rechnen damit.",
    "currency-in-use": "Es gibt schon Preise in einer anderen Währung.",
    "too-large": "Das ist zu lang.",
    "too-many-requests": "Zu viel auf einmal. Bitte gleich noch einmal versuchen.",
    unavailable: "Der Server ist überlastet oder kann gerade nichts speichern. Bitte gleich noch einmal versuchen.",
    sandbox: "Hier ist die Vergangenheit zu sehen: ändern lässt sich nichts.",
    other: (status) => `Der Server hat es abgelehnt (${status}).`,
  },
  missing: {
    tab: "Seite nicht gefunden · Comanda",
    title: "Diese Seite gibt es hier nicht",
    hint: "Vielleicht ist in der Adresse ein Tippfehler.",
    start: "Zur Startseite",
  },
};

/** `1 Artikel`, `2 Artikel`; `1 Bestellung`, `2 Bestellungen`. */
export function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

// What this screen remembers: which kitchen it shows, and how. The address wins over what is stored.

const STORED = "comanda.kitchen";
const SLUG = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const DEFAULTS = { location: null, view: { kind: "all" }, theme: "auto", size: 100, density: "normal", oneTap: false, expected: {} };

export function isSlug(text) {
  return SLUG.test(text);
}

/** `?location=soho&station=grill` or `?location=soho&view=expo`. */
export function load() {
  const settings = { ...DEFAULTS, ...stored() };
  const query = new URLSearchParams(location.search);
  if (isSlug(query.get("location") ?? "")) settings.location = query.get("location");
  if (isSlug(query.get("station") ?? "")) settings.view = { kind: "station", station: query.get("station") };
  else if (["all", "expo"].includes(query.get("view"))) settings.view = { kind: query.get("view") };
  return settings;
}

/** Remembers them, and shows the kitchen and the view in the address: a bookmark shows the same again. */
export function save(settings) {
  try {
    localStorage.setItem(STORED, JSON.stringify(settings));
  } catch {
    // Then the address alone remembers.
  }
  const query = new URLSearchParams();
  if (settings.location) query.set("location", settings.location);
  if (settings.view.kind === "station") query.set("station", settings.view.station);
  else query.set("view", settings.view.kind);
  history.replaceState(null, "", `${location.pathname}?${query}`);
}

/** Applies the theme, the text size and the density to the page. */
export function dress({ theme, size, density }) {
  const root = document.documentElement;
  if (theme === "auto") delete root.dataset.theme;
  else root.dataset.theme = theme;
  root.dataset.density = density;
  root.style.fontSize = `${size}%`;
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}

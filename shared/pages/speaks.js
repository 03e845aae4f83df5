// Which language a page speaks, known before anything of it is painted: that of its restaurant for guests, that of the
// device for staff, and whichever somebody has chosen. An old browser has to understand this: it is no module.
// `data-words` names the catalogues of the page, `data-guests` says for whom it is.

(function () {
  var LANGUAGES = {
    en: { name: "English", dir: "ltr" },
    de: { name: "Deutsch", dir: "ltr" },
    ar: { name: "العربية", dir: "rtl" },
  };
  /** Whoever waits longer for a server sees the page in the language of the device. */
  var PATIENCE_MS = 4000;
  var script = document.currentScript;
  var isForGuests = script.hasAttribute("data-guests");
  /** What was chosen on this device. */
  var CHOICE = isForGuests ? "comanda.order.language" : "comanda.language";
  /** Of guests: the restaurant that they were at last, and its language. */
  var PLACE = "comanda.order.place";

  function stored(name) {
    try {
      return localStorage.getItem(name);
    } catch (error) {
      return null;
    }
  }

  function primary(tag) {
    return String(tag).split("-")[0].toLowerCase();
  }

  function isKnown(tag) {
    return Object.prototype.hasOwnProperty.call(LANGUAGES, primary(tag));
  }

  /** Of the languages that the device prefers the first that there is. */
  function preferred() {
    return (navigator.languages || [navigator.language]).filter(isKnown)[0] || "en";
  }

  /** With the region that the device has for it: dates and numbers are written otherwise in Vienna than in Berlin. */
  function regional(language) {
    var same = (navigator.languages || []).filter(function (tag) { return primary(tag) === language; });
    return same[0] || language;
  }

  /** `language` is that of a restaurant, if it says one. */
  function tagOf(language) {
    var chosen = stored(CHOICE);
    if (chosen && isKnown(chosen)) return regional(chosen);
    if (!language) return preferred();
    return isKnown(language) ? language : "en";
  }

  function speak(tag) {
    document.documentElement.lang = tag;
    document.documentElement.dir = LANGUAGES[primary(tag)].dir;
    // Not only once all other files are there.
    (script.getAttribute("data-words") || "").split(" ").forEach(function (words) {
      var link = document.createElement("link");
      link.rel = "modulepreload";
      link.href = words + "." + primary(tag) + ".js";
      document.head.appendChild(link);
    });
  }

  function place() {
    try {
      return JSON.parse(stored(PLACE));
    } catch (error) {
      return null;
    }
  }

  function keep(location, language) {
    try {
      localStorage.setItem(PLACE, JSON.stringify({ location: location, language: language }));
      return true;
    } catch (error) {
      return false;
    }
  }

  function read(path) {
    return fetch(path, { headers: { accept: "application/json" }, cache: "no-store" }).then(function (answer) {
      return answer.ok ? answer.json() : null;
    });
  }

  /** The restaurant that the address is about; null where it is about none, or nobody can tell. */
  function ask(kind, name) {
    if (kind === "at") return read("/v1/locations/" + name);
    if (kind === "order") return read("/v1/orders/" + name).then(function (order) { return order && ask("at", order.location); });
    return read("/v1/locations?limit=2").then(function (list) { return list && list.items.length === 1 ? list.items[0] : null; });
  }

  /** Resolves once the page has a language. */
  function decide() {
    var parts = location.hash.slice(1).split("/");
    var kept = place();
    var isThere = kept && (parts[0] !== "at" || parts[1] === encodeURIComponent(kept.location));
    if (!isForGuests || stored(CHOICE) || isThere || !window.fetch) {
      speak(tagOf(kept && isForGuests ? kept.language : null));
      return window.Promise && Promise.resolve();
    }
    var late = new Promise(function (resolve) { setTimeout(resolve, PATIENCE_MS, null); });
    return Promise.race([ask(parts[0], parts[1]), late]).catch(function () { return null; }).then(function (found) {
      if (found) keep(found.location, found.language || null);
      speak(tagOf(found && found.language));
    });
  }

  /** What the modules of the page ask. `choose(null)` leaves it to the restaurant or the device again. */
  window.speaks = {
    languages: LANGUAGES,
    decided: decide(),
    chosen: function () { return stored(CHOICE); },
    choose: function (language) {
      try {
        if (language) localStorage.setItem(CHOICE, language);
        else localStorage.removeItem(CHOICE);
      } catch (error) {
        // It cannot be remembered, so it cannot be chosen.
      }
      location.reload();
    },
    /** A restaurant says in which language it is: where the page is in another, it is loaded again. */
    follow: function (name, language) {
      var wanted = tagOf(language);
      if (keep(name, language || null) && primary(wanted) !== primary(document.documentElement.lang)) location.reload();
    },
  };
})();

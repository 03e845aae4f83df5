// Says so where a browser is too old for a page, or where the page fails: a blank one tells nobody anything.
// An old browser has to understand this: it is no module, and knows only what was there long ago.

(function () {
  // The catalogues are modules: these sentences have to be here, in every language.
  var WORDS = {
    en: {
      old: "This browser is too old for this page. It can be shown by Chrome and Edge from 123, Firefox from 128, Safari from 17.5, and whatever is newer.",
      failed: "Something in this page has failed. Please load it again.",
    },
    de: {
      old: "Dieser Browser ist zu alt für diese Seite. Sie läuft in Chrome und Edge ab 123, Firefox ab 128, Safari ab 17.5 und in allem, was neuer ist.",
      failed: "Auf dieser Seite ist etwas schiefgegangen. Bitte neu laden.",
    },
    ar: {
      old: "هذا المتصفح قديم جدًا لهذه الصفحة. تعمل الصفحة على Chrome وEdge من الإصدار 123، وFirefox من 128، وSafari من 17.5، وما هو أحدث.",
      failed: "حدث خطأ في هذه الصفحة. يُرجى إعادة تحميلها.",
    },
  };

  function words() {
    return WORDS[document.documentElement.lang.split("-")[0]] || WORDS.en;
  }

  function isFit() {
    return (
      "noModule" in HTMLScriptElement.prototype &&
      "replaceChildren" in Element.prototype &&
      "at" in Array.prototype &&
      "timeout" in AbortSignal &&
      typeof HTMLDialogElement === "function" &&
      CSS.supports("color", "light-dark(#000, #fff)")
    );
  }

  function say(name) {
    if (!document.body) return document.addEventListener("DOMContentLoaded", function () { say(name); });
    if (document.getElementById("needs")) return undefined;
    var banner = document.createElement("p");
    banner.id = "needs";
    banner.className = "banner alarm";
    banner.setAttribute("role", "alert");
    banner.textContent = words()[name];
    return document.body.insertBefore(banner, document.body.firstChild);
  }

  var fit = false;
  try {
    fit = isFit();
  } catch (error) {
    // What cannot even be asked for is missing.
  }
  if (!fit) return say("old");
  window.addEventListener("error", function (event) {
    // A picture that does not come is no failure of the page; what a browser says of its own has no error.
    if (event.error || event.target instanceof HTMLScriptElement) say("failed");
  }, true);
  window.addEventListener("unhandledrejection", function () { say("failed"); });
  return undefined;
})();

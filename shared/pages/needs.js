// Says so where a browser is too old for a page, or where the page fails: a blank one tells nobody anything.
// An old browser has to understand this: it is no module, and knows only what was there long ago.

(function () {
  var OLD = "This browser is too old for this page. It can be shown by Chrome and Edge from 123, Firefox from 128, Safari from 17.5, and whatever is newer.";
  var FAILED = "Something in this page has failed. Please load it again.";

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

  function say(sentence) {
    if (!document.body) return document.addEventListener("DOMContentLoaded", function () { say(sentence); });
    if (document.getElementById("needs")) return undefined;
    var banner = document.createElement("p");
    banner.id = "needs";
    banner.className = "banner alarm";
    banner.setAttribute("role", "alert");
    banner.textContent = sentence;
    return document.body.insertBefore(banner, document.body.firstChild);
  }

  var fit = false;
  try {
    fit = isFit();
  } catch (error) {
    // What cannot even be asked for is missing.
  }
  if (!fit) return say(OLD);
  window.addEventListener("error", function (event) {
    // A picture that does not come is no failure of the page; what a browser says of its own has no error.
    if (event.error || event.target instanceof HTMLScriptElement) say(FAILED);
  }, true);
  window.addEventListener("unhandledrejection", function () { say(FAILED); });
  return undefined;
})();

// One order over all services: who was told what, what came of it, and how long every hop took.

import { el, setText } from "/assets/dom.js";
import { shared } from "/assets/text.js";
import { ask } from "/console/ask.js";
import { text } from "/console/text.js";
import { tracks } from "/console/tracks.js";

export function traceView(main) {
  const input = el("input", { id: "wanted", type: "search", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "wanted-hint" });
  const form = el(
    "form",
    { class: "tools", role: "search" },
    el("div", { class: "field wide" }, el("label", { for: "wanted" }, text.trace.wanted), input),
    el("div", { class: "ends" }, el("button", { type: "submit", class: "main" }, text.trace.look)),
    el("p", { class: "quiet", id: "wanted-hint" }, text.trace.hint),
  );
  const result = el("div", { class: "result" });
  main.replaceChildren(el("h2", { class: "unseen" }, text.tabs.trace), form, result);
  let asked = 0;
  let picture = null;

  const look = async (wanted) => {
    const mine = ++asked;
    picture?.close();
    picture = null;
    result.replaceChildren(...(wanted ? [el("p", { class: "quiet" }, shared.loading)] : []));
    if (!wanted) return;
    const { body, wrong } = await ask("GET", `/console/trace/${encodeURIComponent(wanted)}`);
    if (mine !== asked) return;
    if (wrong) return result.replaceChildren(el("p", { class: "wrong", role: "alert" }, wrong));
    if (body.steps.length === 0) return result.replaceChildren(el("p", { role: "alert" }, text.trace.nothing));
    picture = tracks(body);
    const heading = el("h2", { tabindex: -1 }, text.trace.title(body.number, body.location));
    const away = el("p", { class: "wrong" });
    setText(away, text.trace.away(body.away.map((service) => text.names[service])));
    away.hidden = body.away.length === 0;
    result.replaceChildren(el("div", { class: "heading" }, heading, el("code", { class: "quiet" }, body.order)), away, picture.element);
    picture.draw();
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = input.value.trim().replace(/^#/, "");
    // The same address again is asked again: it may have gone on.
    if (location.hash === `#trace/${encodeURIComponent(wanted)}`) look(wanted);
    else location.hash = `#trace/${encodeURIComponent(wanted)}`;
  });
  return {
    show: (wanted) => {
      input.value = wanted;
      if (!wanted) input.focus({ preventScroll: true });
      look(wanted);
    },
    press: (key) => {
      if (key === "/") input.focus();
      return key === "/";
    },
    close: () => {
      asked += 1;
      picture?.close();
    },
  };
}

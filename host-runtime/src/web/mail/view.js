"use strict";
// The one script that may run in a shown message: it is named by its hash in the message's policy. It tells the page around it how tall the
// message is, so that nothing has to scroll in itself or jump, folds quoted history away, and hands on keys.
(() => {
  const page = window.parent;
  if (page === window) return;
  const say = (what) => page.postMessage(what, "*");

  // What stands below a message's own words: the last quote, if nothing was said after it.
  const fold = () => {
    const quote = [...document.querySelectorAll("blockquote")].filter((each) => !each.parentElement.closest("blockquote")).at(-1);
    if (!quote) return;
    const range = document.createRange();
    const empty = () => range.toString().trim() === "" && !range.cloneContents().querySelector("img");
    range.setStartAfter(quote);
    range.setEndAfter(document.body.lastChild);
    if (!empty()) return;
    range.setStart(document.body, 0);
    range.setEndBefore(quote);
    if (empty()) return;
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = "•••";
    quote.before(details);
    details.append(summary, quote);
  };

  let told = 0;
  let width = 0;
  const measure = () => {
    const body = document.body;
    // Not drawn right now.
    if (window.innerWidth === 0) return;
    if (window.innerWidth !== width) {
      width = window.innerWidth;
      body.style.zoom = "";
      // Mail laid out for a desk is made smaller until it fits, as far as one can still read it.
      if (body.scrollWidth > width + 1) body.style.zoom = String(Math.max(width / body.scrollWidth, 0.5));
    }
    const sideways = document.documentElement.scrollWidth > width + 1 ? 16 : 0;
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height) + sideways;
    if (height !== told) say({ view: "height", height: (told = height) });
  };

  document.addEventListener("DOMContentLoaded", () => {
    fold();
    measure();
    new ResizeObserver(measure).observe(document.body);
    window.addEventListener("resize", measure);
    window.addEventListener("load", measure);
  });
  document.addEventListener("keydown", ({ isTrusted, key, code, shiftKey, ctrlKey, metaKey, altKey }) => {
    if (isTrusted && !ctrlKey && !metaKey && !altKey) say({ view: "key", key, code, shift: shiftKey });
  });
})();

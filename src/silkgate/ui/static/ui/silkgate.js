// Small comforts on pages that work without them: copying numbers, keys in work lists, a glance at what changed, a pause.
"use strict";

(() => {
  const words = document.body.dataset;
  const announce = (text) => {
    document.getElementById("announce").textContent = text;
  };

  // One click copies a number.
  const offerCopy = (root) => {
    for (const code of root.querySelectorAll("code[data-copy]:not([role])")) {
      code.setAttribute("role", "button");
      code.tabIndex = 0;
      code.title = words.wordCopy;
    }
  };
  const copy = async (code) => {
    const text = code.textContent;
    try {
      await navigator.clipboard.writeText(text);
      code.title = words.wordCopied;
      announce(`${words.wordCopied} ${text}`);
    } catch {
      getSelection().selectAllChildren(code);
      announce(words.wordFailed);
    }
  };
  document.addEventListener("click", (event) => {
    const code = event.target.closest("code[data-copy]");
    if (code) copy(code);
  });

  // J and K, or the arrows, walk a work list; Enter follows the link as everywhere; ? tells all keys. Whoever is
  // disturbed by single keys switches them off.
  const KEYS = "silkgate.keys";
  const keysOn = () => localStorage.getItem(KEYS) !== "off";
  const showKeys = () => {
    for (const toggle of document.querySelectorAll("[data-keys]")) toggle.checked = keysOn();
    for (const hint of document.querySelectorAll(".keys[hidden]")) hint.hidden = false;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys]")) localStorage.setItem(KEYS, event.target.checked ? "on" : "off");
  });
  const rows = () => [...document.querySelectorAll("[data-worklist] .row-link")];
  const place = (links) => links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const step = (by) => {
    const links = rows();
    if (!links.length) return;
    const here = place(links);
    links[here < 0 ? 0 : Math.min(Math.max(here + by, 0), links.length - 1)].focus();
  };
  const follow = (selector) => document.querySelector(selector)?.click();
  const sheet = document.getElementById("keys-sheet");
  const tell = () => (sheet?.open ? sheet.close() : sheet?.showModal());
  const actions = {
    j: () => step(1),
    k: () => step(-1),
    // Elsewhere the arrows scroll the page, as everybody expects.
    ArrowDown: (event) => place(rows()) >= 0 && (event.preventDefault(), step(1)),
    ArrowUp: (event) => place(rows()) >= 0 && (event.preventDefault(), step(-1)),
    u: () => follow("[data-up]"),
    n: () => follow(".pager a[rel=next]"),
    "/": (event) => (event.preventDefault(), document.getElementById("search")?.focus()),
    "?": tell,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches("code[data-copy]") && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      copy(event.target);
      return;
    }
    if (!keysOn() || event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    if (sheet?.open && event.key !== "?") return;
    actions[event.key]?.(event);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-sheet]")) tell();
  });

  // A fragment that is fetched again: highlight numbers that changed, hold still while hidden or paused.
  const seen = new Map();
  const remember = (root, highlight) => {
    for (const element of root.querySelectorAll("[data-changes]")) {
      const key = element.dataset.changes;
      const text = element.textContent.trim();
      if (highlight && seen.has(key) && seen.get(key) !== text) element.classList.add("changed");
      seen.set(key, text);
    }
  };
  let paused = false;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const polls = (event.target.getAttribute("hx-trigger") || "").includes("every");
    if (polls && (paused || document.hidden)) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    offerCopy(event.target);
    remember(event.target, true);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pause]");
    if (!button) return;
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
  });
  // A page whose updates fail says so instead of looking calm.
  const stale = (is) => {
    for (const element of document.querySelectorAll("[data-stale]")) element.hidden = !is;
  };
  document.addEventListener("htmx:sendError", () => stale(true));
  document.addEventListener("htmx:responseError", () => stale(true));
  document.addEventListener("htmx:afterOnLoad", () => stale(false));

  offerCopy(document);
  showKeys();
  remember(document, false);
  for (const button of document.querySelectorAll("[data-pause][hidden]")) button.hidden = false;
  document.querySelector("[data-focus]")?.focus();
})();

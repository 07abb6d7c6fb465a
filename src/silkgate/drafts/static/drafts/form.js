// What the check says while one types is told to assistive technology, too.
"use strict";

(() => {
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const said = event.detail.target;
    if (!said?.id?.endsWith("-said")) return;
    const control = document.getElementById(said.id.slice(0, -"-said".length));
    if (!control) return;
    if (document.getElementById(said.id).querySelector("p")) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
  });
})();

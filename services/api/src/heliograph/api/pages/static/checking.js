// What an edit would come to: asked for, shown with its findings and difference, and applied. Each page that edits
// says where what it sends goes, and what to do afterwards.
"use strict";

const MARKUP = document.createElement("template");

function forget(place) {
  byId(place).replaceChildren();
}

// Shows what came of a check in `place`; what it found wrong is given to `mark`, and the button in it calls `apply`.
function showChecked(place, html, { mark, apply, open }) {
  MARKUP.innerHTML = html; // rendered and escaped by the gateway
  byId(place).replaceChildren(MARKUP.content);
  const findings = Array.from(byId(place).querySelectorAll("[data-finding-line]"), (button) => {
    const { findingFile, findingLine, findingColumn, findingSeverity } = button.dataset;
    const [line, column] = [Number(findingLine), Number(findingColumn)];
    const finding = { file: findingFile, line, column, severity: findingSeverity };
    button.addEventListener("click", () => open && open(finding));
    return finding;
  });
  if (mark) mark(findings);
  const button = byId(place).querySelector("[data-apply]");
  if (button) button.addEventListener("click", () => apply(button));
  byId(place).querySelector("h3").focus();
}

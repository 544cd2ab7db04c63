// A plain editor: a text area with the numbers of its lines beside it, and marks where something was found.
"use strict";

const editor = { text: byId("text"), marked: new Map() };
const gutter = document.querySelector(".editor .gutter");

function drawNumbers() {
  const count = editor.text.value.split("\n").length;
  const rows = Array.from({ length: count }, (_, at) => `${editor.marked.get(at + 1) || ""}${at + 1}`);
  setText(gutter, rows.join("\n"));
  gutter.scrollTop = editor.text.scrollTop;
}

function showCaret() {
  const before = editor.text.value.slice(0, editor.text.selectionStart).split("\n");
  setText(byId("caret"), `Line ${before.length}, column ${before.at(-1).length + 1}`);
}

// Shows a text; null where there is none to be edited.
function showText(text) {
  editor.text.disabled = text === null;
  editor.text.value = text === null ? "" : text.replaceAll("\r\n", "\n");
  editor.lineEnd = text !== null && text.includes("\r\n") ? "\r\n" : "\n"; // a text area knows but one kind
  markLines([]);
  showCaret();
}

const editedText = () => editor.text.value.replaceAll("\n", editor.lineEnd);

function markLines(findings) {
  editor.marked.clear();
  for (const { line, severity } of findings) {
    if (severity === "error") editor.marked.set(line, "✕ ");
    else if (!editor.marked.has(line)) editor.marked.set(line, "! ");
  }
  drawNumbers();
}

function goTo(line, column) {
  const lines = editor.text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, row) => sum + row.length + 1, 0);
  const end = start + (lines[line - 1] || "").length;
  editor.text.focus();
  editor.text.setSelectionRange(Math.min(start + column - 1, end), end);
  const height = editor.text.scrollHeight / lines.length;
  editor.text.scrollTop = Math.max(0, (line - 6) * height);
  drawNumbers();
  showCaret();
}

editor.text.addEventListener("input", drawNumbers);
editor.text.addEventListener("scroll", () => { gutter.scrollTop = editor.text.scrollTop; });
for (const name of ["keyup", "click", "input"]) editor.text.addEventListener(name, showCaret);

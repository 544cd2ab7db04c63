// Files of NAME=value lines, changed in place: comments, unknown lines and line ends stay as they are.
"use strict";

const assignment = /^[ \t]*([A-Za-z0-9_]+(?:\[[0-9]+\])?)[ \t]*=(.*)$/;

function valuesOf(text) {
  const found = new Map();
  for (const line of text.split(/\r?\n/)) {
    const match = assignment.exec(line);
    if (match && !found.has(match[1])) found.set(match[1], match[2].trim());
  }
  return found;
}

// A text with one variable changed; an empty value takes its line away.
function withValue(text, name, value) {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => (assignment.exec(line) || [])[1] === name);
  if (at >= 0 && value === "") lines.splice(at, 1);
  else if (at >= 0) lines[at] = `${name}=${value}`;
  else if (value !== "") lines.splice(lines.at(-1) === "" ? -1 : lines.length, 0, `${name}=${value}`);
  return lines.join(end);
}

// The name of the variable on a line of a text, counted from 1; empty where there is none.
function nameAt(text, number) {
  const match = assignment.exec(text.split(/\r?\n/)[number - 1] || "");
  return match ? match[1] : "";
}

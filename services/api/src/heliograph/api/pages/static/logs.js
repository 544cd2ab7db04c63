// The log can be paused and searched; a debug bundle is sent; traces begin and end.
"use strict";

const pauseButton = byId("log-pause");

// A paused list is none of the sections that the stream replaces.
pauseButton.addEventListener("click", () => {
  const isPaused = pauseButton.getAttribute("aria-pressed") !== "true";
  pauseButton.setAttribute("aria-pressed", String(isPaused));
  setText(pauseButton, isPaused ? "Go on" : "Pause");
  byId("log").dataset.section = isPaused ? "paused" : "log";
  if (!isPaused) reopen();
});

byId("log-search").addEventListener("submit", (event) => {
  event.preventDefault();
  const address = new URL(location.href);
  address.searchParams.delete("before");
  address.searchParams.set("text", byId("log-text").value.trim());
  if (!byId("log-text").value.trim()) address.searchParams.delete("text");
  location.assign(address);
});

byId("bundle-send").addEventListener("click", (event) => {
  const done = ({ name, bytes, detail }) => say("bundle-told", `${name}, ${Math.ceil(bytes / 1000)} kB. ${detail}`, false);
  demand(event.target, "bundle-told", { path: "/api/v1/support-bundle", done });
});

function trace(button, iface, minutes) {
  demand(button, "trace-told", { path: "/api/v1/traces", body: JSON.stringify({ interface: iface, minutes }) });
}

byId("trace-form").addEventListener("submit", (event) => {
  event.preventDefault();
  trace(event.submitter || event.target.querySelector("button"), byId("trace-interface").value, Number(byId("trace-minutes").value));
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-trace-stop]");
  if (button) trace(button, button.dataset.traceStop, 0);
});

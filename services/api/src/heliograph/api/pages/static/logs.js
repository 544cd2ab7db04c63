// The log can be paused and searched.
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

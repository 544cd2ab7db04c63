// A debug bundle is made, sent and stopped; traces begin and end.
"use strict";

function makeBundle(button, send) {
  const done = ({ name, bytes, detail }) => say("bundle-told", `${name}, ${Math.ceil(bytes / 1000)} kB. ${detail}`, false);
  say("bundle-told", "The debug bundle is being made: how far it is stands below.", false);
  demand(button, "bundle-told", { path: "/api/v1/support-bundle", body: JSON.stringify({ send }), done });
}

byId("bundle-send").addEventListener("click", (event) => makeBundle(event.target, true));
byId("bundle-keep").addEventListener("click", (event) => makeBundle(event.target, false));
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-bundle-stop]");
  if (button) demand(button, "bundle-told", { method: "DELETE", path: "/api/v1/support-bundle" });
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

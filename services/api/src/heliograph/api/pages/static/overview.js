// Tells whether the gateway's clock agrees with that of the device that this page is looked at with.
"use strict";

const AGREES_SECONDS = 5;

function judgeClock() {
  if (document.body.dataset.live !== "yes") return;
  const seconds = Math.abs(clockAhead) / 1000;
  let text = "It agrees with the clock of the device that you look with.";
  if (seconds > AGREES_SECONDS)
    text = `It is ${span(seconds, true)} ${clockAhead > 0 ? "ahead of" : "behind"} the clock of the device that you look with: one of them is wrong.`;
  setText(byId("clock-verdict"), text);
}

setInterval(judgeClock, 1000);

// The list of devices as it is filtered and sorted: what is chosen goes into the address, and the stream follows it.
"use strict";

const filterForm = byId("device-filter");
let typing = null;

function followFilter() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(filterForm)) if (value) query.set(name, value);
  history.replaceState(null, "", query.size ? `/devices?${query}` : "/devices");
  look("devices", query);
}

filterForm.addEventListener("change", followFilter);
filterForm.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(followFilter, 250);
});
filterForm.addEventListener("submit", (event) => {
  event.preventDefault();
  followFilter();
});

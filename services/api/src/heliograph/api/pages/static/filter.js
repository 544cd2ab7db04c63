// Forms that choose what a page shows: what is chosen becomes the page's address. Forms themselves may go nowhere here.
"use strict";

function filterBy(form) {
  const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
  location.assign(`${location.pathname}?${new URLSearchParams(chosen)}`);
}

document.addEventListener("submit", (event) => {
  if (event.target.dataset.filter === undefined) return;
  event.preventDefault();
  filterBy(event.target);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("form[data-filter] select")) filterBy(event.target.form);
});

// Keeps the page live: takes changed sections from the stream of events, counts ages, asks for connections.
"use strict";

const QUIET_SECONDS = 10; // the gateway sends something every few seconds
const KEPT_ATTRIBUTES = new Set(["open", "aria-busy", "tabindex"]);

const byId = (id) => document.getElementById(id);
const made = (tag, given) => Object.assign(document.createElement(tag), given);
const open = new Set();
let ofPage = document.body.dataset.stream; // the query of the stream that keeps this page live
const csrf = document.querySelector('meta[name="csrf-token"]').content; // empty without a session
let clockAhead = Number(document.body.dataset.time) - Date.now();
let lastEvent = 0; // by performance.now()
let stream = null;

// ---- time -------------------------------------------------------------------------------------------------------

const gatewayNow = () => Date.now() + clockAhead;
const two = (n) => String(n).padStart(2, "0");
const thin = "\u202f";

function span(seconds, exact) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s}${thin}s`;
  if (s < 3600) return `${Math.floor(s / 60)}${thin}min${s < 600 && exact ? ` ${s % 60}${thin}s` : ""}`;
  if (s < 86400) return `${Math.floor(s / 3600)}${thin}h ${Math.floor(s / 60) % 60}${thin}min`;
  return `${Math.floor(s / 86400)}${thin}d ${Math.floor(s / 3600) % 24}${thin}h`;
}

function countdown(seconds) {
  const s = Math.floor(seconds);
  return s < 60 ? `${s}${thin}s` : `${Math.floor(s / 60)}${thin}min ${two(s % 60)}${thin}s`;
}

function inWords(ms, form) {
  const away = (gatewayNow() - ms) / 1000;
  if (form === "clock") return clockOf(ms);
  if (form === "left") return away < 0 ? `in ${countdown(-away)}` : "now";
  if (form === "until") return away < 0 ? `in ${span(-away, true)}` : "due now";
  return away < 1.5 ? "just now" : `${span(away)} ago`;
}

function clockOf(ms) {
  const then = new Date(ms);
  const day = `${then.getUTCFullYear()}-${two(then.getUTCMonth() + 1)}-${two(then.getUTCDate())}`;
  const time = `${two(then.getUTCHours())}:${two(then.getUTCMinutes())}:${two(then.getUTCSeconds())}`;
  return day === new Date(gatewayNow()).toISOString().slice(0, 10) ? `${time} UTC` : `${day} ${time}`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tickTimes() {
  for (const element of document.querySelectorAll("time[data-ms]")) {
    const ms = Number(element.dataset.ms);
    if (Math.abs(ms) < 8.64e15) setText(element, inWords(ms, element.dataset.form));
  }
  const iso = new Date(gatewayNow()).toISOString();
  setText(byId("clock"), `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`);
}

// ---- live or not ------------------------------------------------------------------------------------------------

function showLife() {
  const quiet = (performance.now() - lastEvent) / 1000;
  if (lastEvent && quiet < QUIET_SECONDS) {
    document.body.dataset.live = "yes";
    byId("stale").hidden = true;
    return tell("good", "Live");
  }
  if (!lastEvent && performance.now() < QUIET_SECONDS * 1000) return tell("idle", "Connecting");
  document.body.dataset.live = "stale";
  setText(byId("stale"), "This page is not live: the gateway does not answer. What you see is old. Trying again …");
  byId("stale").hidden = false;
  return tell("bad", "Not live");
}

function tell(tone, word) {
  const chip = byId("live");
  if (chip.textContent !== word) {
    chip.className = `chip ${tone}`;
    chip.textContent = word;
  }
}

// ---- sections ---------------------------------------------------------------------------------------------------

function take(news) {
  clockAhead = news.time - Date.now();
  lastEvent = performance.now();
  for (const [name, html] of Object.entries(news.sections)) {
    const section = document.querySelector(`[data-section="${CSS.escape(name)}"]`);
    if (!section) continue;
    const template = document.createElement("template");
    template.innerHTML = html; // rendered and escaped by the gateway; scripts in it would not run under our policy
    const held = ancestorsOf(document.activeElement);
    morphChildren(section, template.content);
    keepPlace(held);
    if (window.htmx) window.htmx.process(section);
  }
  tickTimes();
  showLife();
}

function ancestorsOf(element) {
  return element ? [element, ...ancestorsOf(element.parentElement)] : [];
}

// What had the focus may be gone: then the heading of what is around it has it, and one goes on from there.
function keepPlace([focused, ...around]) {
  if (!focused || focused.isConnected) return;
  const heading = around.find((element) => element.isConnected && element.querySelector("h2, h3"))?.querySelector("h2, h3");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// Changes what differs and nothing else, so that focus, selection and open details stay.
function morphChildren(from, to) {
  const wanted = Array.from(to.childNodes);
  wanted.forEach((want, at) => {
    const have = from.childNodes[at];
    if (!have) from.append(want);
    else if (have.nodeType !== want.nodeType || have.nodeName !== want.nodeName) have.replaceWith(want);
    else morph(have, want);
  });
  while (from.childNodes.length > wanted.length) from.lastChild.remove();
}

function morph(have, want) {
  if (have.nodeType !== Node.ELEMENT_NODE) {
    if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
    return;
  }
  if (have.dataset.device !== want.dataset.device || have.dataset.section !== want.dataset.section || isAnother(have, want)) {
    have.replaceWith(want);
    return;
  }
  for (const { name, value } of want.attributes) if (have.getAttribute(name) !== value) have.setAttribute(name, value);
  for (const { name } of Array.from(have.attributes))
    if (!want.hasAttribute(name) && !KEPT_ATTRIBUTES.has(name)) have.removeAttribute(name);
  if (have.dataset.section) return; // filled by a section of its own
  if (have.tagName === "TIME" && have.dataset.ms) return; // its text is counted here
  morphChildren(have, want);
}

// A button with other words does something else: who is about to press it must not find it changed under the finger.
const isAnother = (have, want) => have.tagName === "BUTTON" && have.textContent !== want.textContent;

// ---- the stream -------------------------------------------------------------------------------------------------

const headers = (more) => ({ "Heliograph-Client": "web page", ...(csrf ? { "X-CSRF-Token": csrf } : {}), ...more });

// What the person wanted goes on after the login: this page comes again.
function toLogin() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

// EventSource does not tell a refusal from a lost line, hence fetch and a reader of our own.
async function follow() {
  for (let wait = 1; ; wait = Math.min(wait * 2, 10)) {
    stream = new AbortController();
    const mine = stream;
    const watchdog = setInterval(() => {
      if (lastEvent && performance.now() - lastEvent > 2 * QUIET_SECONDS * 1000) mine.abort();
    }, 5000);
    try {
      const query = open.size ? `${ofPage}&open=${encodeURIComponent([...open].join(","))}` : ofPage;
      const answer = await fetch(`/events?${query}`, { headers: headers(), signal: mine.signal, cache: "no-store" });
      if (answer.status === 401) return toLogin();
      if (answer.ok) {
        wait = 0.5;
        await read(answer.body.getReader());
      }
    } catch (error) {
      if (mine.reopened) wait = 0;
    } finally {
      clearInterval(watchdog);
    }
    if (wait) await new Promise((done) => setTimeout(done, wait * 1000));
    else wait = 0.5;
  }
}

async function read(reader) {
  const decoder = new TextDecoder();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    waiting += decoder.decode(value, { stream: true });
    const events = waiting.split("\n\n");
    waiting = events.pop();
    for (const event of events) if (event.startsWith("data: ")) take(JSON.parse(event.slice(6)));
  }
}

// Follows other data on the same page: another filter, another order.
function look(page, query) {
  ofPage = `page=${encodeURIComponent(page)}&${query}`;
  reopen();
}

function reopen() {
  if (stream) {
    stream.reopened = true;
    stream.abort();
  }
}

// ---- what a person does -----------------------------------------------------------------------------------------

async function detailOf(answer) {
  try {
    return (await answer.json()).detail || answer.statusText;
  } catch {
    return answer.statusText;
  }
}

// Where an edit of the set is sent, with why it is made, where that was said.
function withWhy(path) {
  const why = byId("why")?.value.trim();
  return why ? `${path}${path.includes("?") ? "&" : "?"}message=${encodeURIComponent(why)}` : path;
}

// Tells in an element of the page what came of something.
function say(id, text, isBad) {
  const told = byId(id);
  if (!told) return;
  told.className = isBad ? "told bad" : "told";
  told.hidden = !text;
  told.textContent = text;
}

const whyNot = ({ name }) => (name === "AbortError" ? "Stopped waiting: what the gateway has begun it brings to its end." : "The gateway does not answer.");

// Sends a request that changes something; who may not is told so, or led to the login.
// `done` gets the answer where it is a good one; the `id` names the element that tells of it. `overtaken` is called
// where another revision came in force meanwhile. What `isMarkup` comes as text.
async function demand(button, id, { method = "POST", path, body, more = {}, done, overtaken, isMarkup, signal }) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const named = headers({ ...(body ? { "Content-Type": "application/json" } : {}), ...more });
    const answer = await fetch(path, { method, body, headers: named, signal });
    if (answer.status === 401) toLogin();
    else if (answer.ok) {
      const said = isMarkup ? await answer.text() : await answer.json();
      say(id, said.detail || "", false);
      if (done) done(said);
    } else if (answer.status === 412 && overtaken) overtaken(await detailOf(answer));
    else say(id, await detailOf(answer), true);
  } catch (error) {
    say(id, whyNot(error), true);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

// As `demand`, for what may take longer than a moment: says what goes on, with a button that stops it.
function patiently(button, id, text, order) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  const stopper = new AbortController();
  showWork(id, text, () => stopper.abort());
  return demand(button, id, { ...order, signal: stopper.signal }).then(() => keepFocus(button));
}

// The button that had the focus may have gone with what it was in: then one goes on where one had begun.
function keepFocus(button) {
  if (document.activeElement === document.body && button.isConnected) button.focus();
}

function showWork(id, text, stop) {
  say(id, `${text} … `, false);
  const button = made("button", { type: "button", className: "button", textContent: "Stop" });
  button.addEventListener("click", stop);
  byId(id).append(made("progress", { ariaLabel: text }), " ", button);
}

function connect(button) {
  const body = JSON.stringify(button.dataset.connect ? { server: Number(button.dataset.connect) } : {});
  demand(button, "told", { path: "/api/v1/connections", body });
}

// Fragments that htmx asks for: they need what every request of this page needs, and a refusal is told in words, in
// the element that `data-told` names.
document.addEventListener("htmx:configRequest", (event) => { Object.assign(event.detail.headers, headers()); });
document.addEventListener("htmx:responseError", async (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.status === 401) return toLogin();
  let text = xhr.statusText;
  try {
    text = JSON.parse(xhr.responseText).detail || text;
  } catch {} // no problem document: the status has to do
  return say(toldBy(elt), text, true);
});
for (const failure of ["htmx:sendError", "htmx:timeout"])
  document.addEventListener(failure, (event) => { say(toldBy(event.detail.elt), "The gateway does not answer.", true); });

const toldBy = (element) => (element.closest("[data-told]") || document.body).dataset.told || "told";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.connect !== undefined) connect(button);
  if (button.dataset.disconnect) demand(button, "told", { method: "DELETE", path: `/api/v1/servers/${button.dataset.disconnect}/connection` });
});

document.addEventListener("toggle", (event) => {
  const { device } = event.target.dataset;
  if (device === undefined) return;
  if (event.target.open) open.add(device);
  else open.delete(device);
  reopen();
}, true);

document.querySelector(".pages [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
setInterval(() => { tickTimes(); showLife(); }, 1000);
tickTimes();
follow();

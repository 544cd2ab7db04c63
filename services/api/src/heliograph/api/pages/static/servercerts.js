// Certificates, private keys and host keys given on the form of a server: chosen as a file or pasted. They go with the
// edit that names them, and a private key is never shown again.
"use strict";

const giving = byId("server-form");
const MOST_BYTES = 64 * 1024;
const givenFields = () => Array.from(giving.querySelectorAll("[data-give]"));
const nameFieldOf = (given) => byId(`f-${given.dataset.give}`);

// What goes with the edit: texts by the name that the setting has.
function given() {
  const found = { files: {}, keys: {} };
  for (const field of givenFields()) {
    const text = field.value.trim();
    const name = nameFieldOf(field).value.trim();
    if (!text || !name || field.closest(".field[hidden]")) continue;
    if (field.dataset.kind === "key") found.keys[name] = `${text}\n`;
    else found.files[name] = `${text}\n`;
  }
  return found;
}

function forgetGiven() {
  for (const field of givenFields()) {
    field.value = "";
    field.closest("details").open = false;
  }
  for (const chooser of giving.querySelectorAll("[data-give-file]")) chooser.value = "";
}

// A key has a new name each time: a revision that comes back needs the key that it was made with.
function nameFor({ dataset }) {
  const part = dataset.give.replace(/^[A-Z]+2?_/, "").replace(/File$/, "").toLowerCase();
  const serial = Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => byte.toString(16).padStart(2, "0"));
  return dataset.kind === "key" ? `server${giving.dataset.number}-${serial.join("")}.key` : `server${giving.dataset.number}-${part}.pem`;
}

function takeGiven(field) {
  const name = nameFieldOf(field);
  if (!field.value.trim()) name.value = name.dataset.before;
  else if (name.value === name.dataset.before) name.value = nameFor(field);
}

// Many authorities give their certificate in binary form: the same as text.
function asPem(bytes) {
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `-----BEGIN CERTIFICATE-----\n${text.replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

async function takeGivenFile(chooser) {
  const file = chooser.files[0];
  const field = byId(`g-${chooser.dataset.giveFile}`);
  if (!file) return;
  tellAt(chooser.dataset.giveFile, file.size > MOST_BYTES ? "This file is larger than a certificate or a key can be." : "");
  if (file.size > MOST_BYTES) return;
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isBinary = bytes[0] === 0x30 && field.dataset.kind !== "key";
  field.value = isBinary ? asPem(bytes) : new TextDecoder().decode(bytes);
  takeGiven(field);
}

function tellAt(variable, text) {
  const told = byId(`w-${variable}`);
  told.textContent = text;
  told.hidden = !text;
}

// A finding about what was given stands at its field.
function givenField({ file }) {
  const [folder, name] = [file.split("/")[0], file.slice(file.indexOf("/") + 1)];
  if (folder !== "CERT" && folder !== "KEY") return undefined;
  return givenFields().find((field) => (field.dataset.kind === "key") === (folder === "KEY") && nameFieldOf(field).value.trim() === name);
}

async function takeHostKey(input) {
  const text = input.value.trim();
  tellAt(input.dataset.variable, "");
  if (!text || /^SHA256:[A-Za-z0-9+/]{43}$/.test(text)) return;
  const answer = await fetch("/api/v1/servers/host-key", { method: "POST", body: JSON.stringify({ text }), headers: headers({ "Content-Type": "application/json" }) });
  if (!answer.ok) return tellAt(input.dataset.variable, (await detailOf(answer)).replace(/^body\.text: /, ""));
  input.value = (await answer.json()).fingerprint;
}

giving.addEventListener("change", (event) => {
  const { giveFile, give, variable } = event.target.dataset;
  if (giveFile) takeGivenFile(event.target);
  else if (give) takeGiven(event.target);
  else if (/_HostKey$/.test(variable || "")) takeHostKey(event.target).catch(() => {}); // saving says that it is none
});

// Keeps the notes, newest change first, in localStorage; or in memory only,
// where the browser refuses storage. Knows nothing of the page.

const NOTES = "margin.notes";
const SHORTCUTS = "margin.shortcuts";
const memory = new Map();

const welcome = {
  id: "welcome",
  text: [
    "Welcome to Margin",
    "This is a note. Its first line is its title.",
    "",
    "Write here and it is kept as you type: there is no save button, and nothing leaves this browser.",
    "",
    "Reload this page. The server has no file called /notes/welcome, so it answers with index.html, and the app reads the address and opens the note again.",
  ].join("\n"),
  changed: Date.now(),
};

function read(key, fallback) {
  try {
    return JSON.parse(memory.get(key) ?? localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

function write(key, value) {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
  } catch {
    // Full or refused: a copy in memory lasts as long as the page.
    memory.set(key, text);
  }
}

/** Lists the notes whose text holds every word of `query`. */
export function list(query = "") {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return read(NOTES, [welcome])
    .filter((note) => words.every((word) => note.text.toLowerCase().includes(word)))
    .sort((a, b) => b.changed - a.changed);
}

/** Finds one note, or undefined. */
export function get(id) {
  return list().find((note) => note.id === id);
}

/** Adds an empty note. */
export function create() {
  // randomUUID exists in secure contexts only; a plain-HTTP host is not one.
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  const id = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return put({ id, text: "", changed: Date.now() });
}

/** Writes a note, new or old, as it is given. */
export function put(note) {
  write(NOTES, [note, ...list().filter((other) => other.id !== note.id)]);
  return note;
}

/** Takes a note out and returns it. */
export function remove(id) {
  const note = get(id);
  if (note) write(NOTES, list().filter((other) => other.id !== id));
  return note;
}

/** Says whether single keys are shortcuts. */
export function shortcuts() {
  return read(SHORTCUTS, true);
}

/** Switches the single-key shortcuts on or off. */
export function setShortcuts(on) {
  write(SHORTCUTS, on);
}

/** Calls `changed` when another tab of this app writes. */
export function onOutsideChange(changed) {
  addEventListener("storage", (event) => {
    if (event.key === NOTES || event.key === null) changed();
  });
}

/** Splits a note into its title and the start of the rest. */
export function summary({ text }) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return { title: lines[0] ?? "Untitled", rest: lines.slice(1).join(" ") };
}

// Builds the pages. A view takes the route's parameters and the actions, and
// returns { title, body, focus? }. Text goes in as text, never as HTML.

import * as store from "./store.js";

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Focusable, so that a change of page can be announced; not in the tab order.
const heading = (text) => el("h1", { tabindex: "-1" }, text);
const button = (text, onclick, kind = "") => el("button", { type: "button", class: kind, onclick }, text);

function when(time) {
  const minutes = Math.round((time - Date.now()) / 60_000);
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  const [amount, unit] =
    minutes > -60 ? [minutes, "minute"] :
    minutes > -1440 ? [Math.round(minutes / 60), "hour"] :
    [Math.round(minutes / 1440), "day"];
  const words = amount === 0 ? "just now" : relative.format(amount, unit);
  return el("time", { datetime: new Date(time).toISOString() }, words);
}

function card(entry) {
  const { title, rest } = store.summary(entry);
  return el("li", {},
    el("a", { class: "card", href: `/notes/${entry.id}` },
      el("strong", {}, title),
      el("span", {}, rest || "Nothing more."),
      when(entry.changed)));
}

const cards = (entries) => el("ul", { class: "cards" }, ...entries.map(card));

export function home(_, actions) {
  const recent = store.list().slice(0, 3);
  return {
    title: "Margin",
    body: [
      el("section", { class: "hero" },
        heading("A little room beside the page."),
        el("p", {}, "Margin keeps short notes in this browser. No account, no server to ask, nothing to install."),
        el("p", { class: "row" },
          button("Write a note", actions.create, "primary"),
          el("a", { class: "button", href: "/notes" }, "See all notes"))),
      el("section", {},
        el("h2", {}, "Last written"),
        recent.length ? cards(recent) : el("p", { class: "empty" }, "Nothing yet. The first note is the hardest.")),
    ],
  };
}

export function notes(_, actions) {
  const results = el("div", {});
  const count = el("p", { class: "count", role: "status" });

  const search = (query) => {
    const found = store.list(query);
    count.textContent = found.length === 1 ? "1 note" : `${found.length} notes`;
    results.replaceChildren(found.length ? cards(found) : el("p", { class: "empty" },
      query ? "No note holds all of these words." : "Nothing here yet. Write the first one."));
  };
  search("");

  return {
    title: "Notes",
    body: [
      el("div", { class: "row spread" }, heading("Notes"), button("New note", actions.create, "primary")),
      el("label", { class: "search" },
        el("span", { class: "hidden" }, "Search the notes"),
        el("input", {
          type: "search",
          placeholder: "Search",
          autocomplete: "off",
          oninput: (event) => search(event.target.value),
        })),
      count,
      results,
    ],
  };
}

export function note({ id, path }, actions) {
  const entry = store.get(id);
  if (!entry) return notFound({ path });

  const saved = el("span", {}, "Changed ", when(entry.changed));
  const text = el("textarea", {
    "aria-label": "Note",
    placeholder: "A title on the first line, then whatever you like",
    spellcheck: "true",
    oninput: () => {
      store.put({ ...entry, text: text.value, changed: Date.now() });
      document.title = `${store.summary({ text: text.value }).title} · Margin`;
      saved.replaceChildren("Kept");
    },
  });
  text.value = entry.text;

  const { title } = store.summary(entry);
  return {
    title,
    focus: entry.text ? undefined : text,
    body: [
      el("h1", { class: "hidden", tabindex: "-1" }, title),
      el("div", { class: "row spread" },
        el("a", { class: "button", href: "/notes" }, "← All notes"),
        button("Delete", () => actions.remove(id), "danger")),
      text,
      el("p", { class: "count" }, saved),
    ],
  };
}

export function about() {
  const keys = [["n", "write a new note"], ["/", "search the notes"], ["Esc", "leave a note"]];
  return {
    title: "About",
    body: [
      el("article", {},
        heading("About"),
        el("p", {}, "Margin is one HTML file, one style sheet and four ES modules. There is no framework and no build: what you read in the source is what the browser runs."),
        el("h2", {}, "How the addresses work"),
        el("p", {}, "Following a link changes the address with the History API and draws the next page here. When you reload or share an address, the server finds no such file; because the manifest says ", el("code", {}, "\"spa\": true"), ", it answers with index.html and the app takes it from there. A name with an extension, such as ", el("code", {}, "/missing.png"), ", is still an honest 404."),
        el("h2", {}, "Where the notes are"),
        el("p", {}, "In this browser’s local storage, for this host name only. A preview of this app has a host name of its own, so it starts with a fresh notebook and cannot touch yours."),
        el("h2", {}, "Keys"),
        el("dl", {}, ...keys.map(([key, what]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)))),
        el("label", { class: "check" },
          el("input", {
            type: "checkbox",
            checked: store.shortcuts(),
            onchange: (event) => store.setShortcuts(event.target.checked),
          }),
          "Single keys are shortcuts")),
    ],
  };
}

export function notFound({ path }) {
  return {
    title: "Not found",
    body: [
      el("section", { class: "hero" },
        heading("Nothing is written here."),
        el("p", {}, "There is no page at ", el("code", {}, path), ". The note may have been deleted, or it is kept in another browser."),
        el("p", { class: "row" }, el("a", { class: "button", href: "/notes" }, "See all notes"))),
    ],
  };
}

// Ties the pieces together: routes to views, keys to actions. Holds no notes
// and builds no page of its own.

import { go, onRoute, route, start } from "./router.js";
import * as store from "./store.js";
import { about, home, note, notes, notFound } from "./views.js";

const main = document.querySelector("main");
const toast = document.querySelector(".toast");
const links = [...document.querySelectorAll("nav a")];

route("/", home);
route("/notes", notes);
route("/notes/:id", note);
route("/about", about);

const actions = {
  create() {
    go(`/notes/${store.create().id}`);
  },

  remove(id) {
    const removed = store.remove(id);
    if (!removed) return;
    go("/notes");
    say("Note deleted.", "Undo", () => {
      store.put(removed);
      go(`/notes/${removed.id}`);
    });
  },
};

onRoute(({ view, params, path, moved }) => {
  const { title, body, focus } = (view ?? notFound)({ ...params, path }, actions);
  document.title = title === "Margin" ? title : `${title} · Margin`;
  main.replaceChildren(...body);

  for (const link of links) {
    const here = path === link.pathname || path.startsWith(`${link.pathname}/`);
    if (here) link.setAttribute("aria-current", path === link.pathname ? "page" : "true");
    else link.removeAttribute("aria-current");
  }

  // A page load would move focus and announce the title; do both by hand.
  if (moved) (focus ?? main.querySelector("h1") ?? main).focus();
});

let hide;
function say(text, label, action) {
  clearTimeout(hide);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", () => {
    toast.replaceChildren();
    action();
  });
  toast.replaceChildren(text, button);
  hide = setTimeout(() => toast.replaceChildren(), 10_000);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, textarea");

  if (event.key === "Escape" && location.pathname.startsWith("/notes/")) return go("/notes");
  if (typing || !store.shortcuts()) return;

  if (event.key === "n") {
    event.preventDefault();
    actions.create();
  } else if (event.key === "/") {
    event.preventDefault();
    if (location.pathname !== "/notes") go("/notes");
    document.querySelector("input[type=search]")?.focus();
  }
});

// Another tab wrote: show its notes, unless that would take a text from under
// the person who is writing here.
store.onOutsideChange(() => {
  if (!document.activeElement.closest("input, textarea")) start();
});

start();

// Turns an address into a view with the History API. Knows nothing of notes.

const routes = [];
let listener = () => {};

/** Adds a route such as "/notes/:id"; the first one that fits wins. */
export function route(pattern, view) {
  const names = [];
  const source = pattern.replace(/:(\w+)/g, (_, name) => {
    names.push(name);
    return "([^/]+)";
  });
  routes.push({ names, shape: new RegExp(`^${source}$`), view });
}

/** Sets the function that shows a route; `view` is absent when none fits. */
export function onRoute(show) {
  listener = show;
}

/** Goes to a path of this app, as a link would. */
export function go(path) {
  if (path !== location.pathname) history.pushState(null, "", path);
  show(true);
  scrollTo(0, 0);
}

/** Shows the address in the address bar. */
export function start() {
  show(false);
}

function show(moved) {
  const path = location.pathname.replace(/(.)\/+$/, "$1");
  for (const { names, shape, view } of routes) {
    const found = shape.exec(path);
    if (!found) continue;
    const params = Object.fromEntries(names.map((name, i) => [name, decode(found[i + 1])]));
    return listener({ view, params, path, moved });
  }
  listener({ view: undefined, params: {}, path, moved });
}

// A visitor can type a broken escape; it then stands for itself.
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Only plain clicks on links of this app are ours: a modifier, another target, a
// download, another origin or a jump within the page stays the browser's.
addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[href]");
  if (!link || link.origin !== location.origin) return;
  if (link.target || link.hasAttribute("download") || link.hash) return;
  event.preventDefault();
  go(link.pathname);
});

addEventListener("popstate", () => show(true));

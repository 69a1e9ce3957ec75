// Searches the articles in the browser. The index, /search.json, is fetched at
// the first key; without this script the form still leads to the archive.

const form = document.querySelector("form[role=search]");
const input = form.querySelector("input");
const results = document.querySelector(".results");

let index;
function load() {
  index ??= fetch("/search.json").then((answer) => {
    if (!answer.ok) throw new Error(`search.json: ${answer.status}`);
    return answer.json();
  });
  // A failed fetch is forgotten, so that the next key tries again.
  index.catch(() => (index = undefined));
  return index;
}

const split = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Scores an article: every word must begin a word in it; titles weigh most. */
function score(article, words) {
  let total = 0;
  for (const word of words) {
    const hits = (text) => split(text).filter((other) => other.startsWith(word)).length;
    const found = 8 * hits(article.title) + 3 * hits(article.summary) + hits(article.text);
    if (!found) return 0;
    total += found;
  }
  return total;
}

/** Cuts the text around its first hit and marks every hit in it. */
function excerpt(text, words) {
  const hit = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.join("|")})`, "giu");
  const at = text.search(hit);
  if (at < 0) return [text.slice(0, 160), "…"];
  const from = at < 60 ? 0 : text.lastIndexOf(" ", at - 50) + 1;
  // No space left gives -1, which as an unsigned number is "to the end".
  const cut = text.slice(from, text.indexOf(" ", from + 170) >>> 0).replace(/[.,;:]$/, "");

  const parts = [from ? "…" : ""];
  let end = 0;
  for (const match of cut.matchAll(hit)) {
    const mark = document.createElement("mark");
    mark.textContent = match[0];
    parts.push(cut.slice(end, match.index), mark);
    end = match.index + match[0].length;
  }
  return [...parts, cut.slice(end), from + cut.length + 1 < text.length ? "…" : "."];
}

function paragraph(...content) {
  const p = document.createElement("p");
  p.append(...content);
  return p;
}

function item(article, words) {
  const link = document.createElement("a");
  link.href = article.url;
  link.textContent = article.title;
  const li = document.createElement("li");
  li.append(link, paragraph(...excerpt(`${article.summary} ${article.text}`, words)));
  return li;
}

async function search(query, { quiet = false } = {}) {
  const words = split(query);
  if (!words.length) return results.replaceChildren();

  let articles;
  try {
    articles = await load();
  } catch {
    return results.replaceChildren(paragraph("The search index did not load. Try again."));
  }
  // The index may arrive late: what counts is what the field says now.
  if (!quiet && query !== input.value) return;

  const found = articles
    .map((article) => ({ article, score: score(article, words) }))
    .filter((entry) => entry.score)
    .sort((a, b) => b.score - a.score);

  if (!found.length) {
    return results.replaceChildren(...(quiet ? [] : [paragraph("No article holds all of these words.")]));
  }
  const list = document.createElement("ol");
  list.append(...found.map(({ article }) => item(article, words)));
  const count = found.length === 1 ? "1 article" : `${found.length} articles`;
  results.replaceChildren(paragraph(quiet ? "Perhaps you were looking for this:" : count), list);
}

input.addEventListener("input", () => search(input.value));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  search(input.value);
});

// The form's own submission, from a page without this script, lands here.
const asked = new URLSearchParams(location.search).get("q");
if (asked) {
  input.value = asked;
  search(asked);
} else if (form.dataset.guess !== undefined) {
  // The not-found page: the last part of the address is often nearly a title.
  search(location.pathname.split("/").filter(Boolean).pop() ?? "", { quiet: true });
}

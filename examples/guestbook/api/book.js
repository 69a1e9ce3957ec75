// The guestbook: GET shows it, POST signs it.
import { html, page } from "./_lib/page.js";

const PAGE = 10;

// GET /?after=… : a page of entries, the newest first.
export function GET(req) {
  const { kv, ds } = fazt.app;
  const after = req.query.after;
  let entries;
  try {
    entries = ds.find("entries", {}, { sort: "-at", limit: PAGE, cursor: after });
  } catch (error) {
    // What stands in an address may be anything.
    if (after && error.code === "VALIDATION_FAILED") return page({ status: 400, main: lost });
    throw error;
  }
  return page({ main: book({ entries, total: kv.get("entries") ?? 0, after }) });
}

// POST /api/book, as the form sends it.
export function POST(req) {
  const given = req.body ?? {};
  const name = String(given.name ?? "").trim();
  const text = String(given.text ?? "").trim().replaceAll("\r\n", "\n");
  const wrong = {};
  if (!name) wrong.name = "Write your name.";
  if (name.length > 60) wrong.name = "Write a name of 60 characters at most.";
  if (!text) wrong.text = "Write a few words.";
  if (text.length > 500) wrong.text = "Write 500 characters at most.";
  if (Object.keys(wrong).length) {
    return page({ status: 422, main: form({ name, text, wrong }) });
  }

  // The form came with an id: sent twice, it signs once.
  const id = /^[0-9a-f-]{36}$/.test(given.id) ? given.id : crypto.randomUUID();
  const { kv, ds, tx } = fazt.app;
  // The entry and the count of entries: both, or neither.
  tx(() => {
    if (ds.findOne("entries", id)) return;
    ds.insert("entries", { id, name, text, at: new Date().toISOString() });
    kv.incr("entries");
  });
  // Reloading the page that comes then sends nothing again.
  return { status: 303, headers: { location: "/" } };
}

const form = ({ name = "", text = "", wrong = {} } = {}) => html`
  <form action="/api/book" method="post" novalidate>
    <h2>Sign it</h2>
    <input type="hidden" name="id" value="${crypto.randomUUID()}">
    ${Object.keys(wrong).length > 0 && html`<p class="wrong" role="alert">Not signed yet.</p>`}
    <label for="name">Name</label>
    <input id="name" name="name" value="${name}" maxlength="60" autocomplete="name" required
      ${wrong.name && html`aria-invalid="true" aria-describedby="name-wrong" autofocus`}>
    ${wrong.name && html`<p class="wrong" id="name-wrong">${wrong.name}</p>`}
    <label for="text">A few words</label>
    <textarea id="text" name="text" rows="3" maxlength="500" required
      ${wrong.text && html`aria-invalid="true" aria-describedby="text-wrong"`}>${text}</textarea>
    ${wrong.text && html`<p class="wrong" id="text-wrong">${wrong.text}</p>`}
    <button>Sign</button>
  </form>`;

const book = ({ entries, total, after }) => html`
  ${!after && form()}
  <section aria-labelledby="entries">
    <h2 id="entries">${total === 1 ? "One entry" : `${total} entries`}</h2>
    ${entries.length === 0 && html`<p class="empty">Nobody has signed yet. Be the first.</p>`}
    <ol>${entries.map(entry)}</ol>
    <nav aria-label="Pages">
      ${after && html`<a href="/">Newest</a>`}
      ${entries.cursor && html`<a href="/?after=${encodeURIComponent(entries.cursor)}">Older</a>`}
    </nav>
  </section>`;

const entry = ({ name, text, at }) => html`
  <li>
    <p>${text}</p>
    <footer>${name}, <time datetime="${at}">${at.slice(0, 10)}</time></footer>
  </li>`;

const lost = html`<p class="empty">There is no such page. <a href="/">See the newest.</a></p>`;

// /api/notes: the notes of who is signed in, and a new one among them.
import { type Note, Draft, Search, checked } from "../_lib/note";

// GET /api/notes?q=bread&limit=20&cursor=…
export const GET = checked(Search, ({ q, limit, cursor }) => {
  const query = q ? { $or: [{ title: { $contains: q } }, { text: { $contains: q } }] } : {};
  const found = fazt.app.user.ds.find<Note>("notes", query, { sort: "-at", limit, cursor });
  return { notes: [...found], next: found.cursor ?? null };
});

// POST /api/notes with {"title": …, "text": …}
export const POST = checked(Draft, (draft) => {
  const note: Note = { id: crypto.randomUUID(), ...draft, at: new Date().toISOString() };
  fazt.app.user.ds.insert("notes", note);
  return { status: 201, headers: { location: `/api/notes/${note.id}` }, body: note };
});

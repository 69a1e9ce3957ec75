// /api/notes/ID: one note of who is signed in; those of others are not there.
import { type Note, Change, Nothing, checked, problem } from "../_lib/note";

const none = problem(404, "there is no such note");

export const GET = checked(Nothing, (_, { id }) => one(id) ?? none);

// PATCH /api/notes/ID with what is to be changed.
export const PATCH = checked(Change, (change, { id }) =>
  fazt.app.user.ds.update("notes", id, change) > 0 ? one(id) : none);

export const DELETE = checked(Nothing, (_, { id }) =>
  fazt.app.user.ds.delete("notes", id) > 0 ? undefined : none);

const one = (id: string) => fazt.app.user.ds.findOne<Note>("notes", id);

// Search that forgives mistakes.
import Fuse from "fuse.js";

export const expected = { found: "Old Man's War", none: 0 };

export default () => {
  const books = [{ title: "Old Man's War" }, { title: "The Lock Artist" }, { title: "HTML5" }];
  const fuse = new Fuse(books, { keys: ["title"], threshold: 0.4 });
  return { found: fuse.search("old mans wr")[0].item.title, none: fuse.search("zzzz").length };
};

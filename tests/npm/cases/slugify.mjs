// Titles as addresses.
import slugify from "slugify";

export const expected = { slug: "uber-die-strasse-and-back", strict: "a.b" };

export default () => ({
  slug: slugify("Über die Straße & back!", { lower: true, strict: true }),
  strict: slugify("a.b"),
});

// Deflate, gzip and ZIP, in JavaScript.
import { gunzipSync, gzipSync, strFromU8, strToU8, unzipSync, zipSync } from "fflate";

const text = "one and the same ".repeat(100);

export const expected = { same: true, smaller: true, names: ["a.txt", "b/c.txt"], content: "hi" };

export default () => {
  const packed = gzipSync(strToU8(text));
  const files = unzipSync(zipSync({ "a.txt": strToU8("hi"), b: { "c.txt": strToU8(text) } }));
  return {
    same: strFromU8(gunzipSync(packed)) === text,
    smaller: packed.length < text.length / 10,
    names: Object.keys(files).filter((name) => !name.endsWith("/")),
    content: strFromU8(files["a.txt"]),
  };
};

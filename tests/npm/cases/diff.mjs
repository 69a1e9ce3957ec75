// What changed between two texts.
import { applyPatch, createPatch, diffWords } from "diff";

export const expected = { words: ["the ", "-quick", "+slow", " fox"], applied: "a\nB\nc\n", hunks: true };

export default () => {
  const patch = createPatch("x", "a\nb\nc\n", "a\nB\nc\n");
  return {
    words: diffWords("the quick fox", "the slow fox").map((part) =>
      `${part.added ? "+" : part.removed ? "-" : ""}${part.value}`),
    applied: applyPatch("a\nb\nc\n", patch),
    hunks: patch.includes("@@ -1,3 +1,3 @@"),
  };
};

// A full-text index in memory, kept as JSON.
import MiniSearch from "minisearch";

const options = { fields: ["title", "text"], storeFields: ["title"] };

export const expected = { found: ["Moby Dick"], prefix: 2, loaded: 3, suggest: "neuromancer" };

export default () => {
  const index = new MiniSearch(options);
  index.addAll([
    { id: 1, title: "Moby Dick", text: "Call me Ishmael." },
    { id: 2, title: "Neuromancer", text: "The sky above the port" },
    { id: 3, title: "Zen", text: "I can see by my watch the skies" },
  ]);
  const loaded = MiniSearch.loadJSON(JSON.stringify(index), options);
  return {
    found: loaded.search("ishmael").map((hit) => hit.title),
    prefix: loaded.search("sk", { prefix: true }).length,
    loaded: loaded.documentCount,
    suggest: loaded.autoSuggest("neuro")[0].suggestion,
  };
};

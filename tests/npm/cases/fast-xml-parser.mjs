// XML, both ways.
import { XMLBuilder, XMLParser } from "fast-xml-parser";

export const expected = {
  read: { feed: { title: "A & B", entry: [{ id: 1, "@_lang": "de" }, { id: 2 }] } },
  written: "<a b=\"1\"><c>x &lt; y</c></a>",
};

export default () => {
  const parser = new XMLParser({ ignoreAttributes: false });
  const builder = new XMLBuilder({ ignoreAttributes: false });
  return {
    read: parser.parse(
      '<feed><title>A &amp; B</title><entry lang="de"><id>1</id></entry><entry><id>2</id></entry></feed>',
    ),
    written: builder.build({ a: { "@_b": "1", c: "x < y" } }),
  };
};

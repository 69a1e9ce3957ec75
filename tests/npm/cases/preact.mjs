// Components, rendered to text.
import { h, Fragment, createContext } from "preact";
import { useContext, useMemo } from "preact/hooks";
import { renderToString } from "preact-render-to-string";

const Name = createContext("nobody");
const Hello = ({ children }) => {
  const name = useContext(Name);
  const loud = useMemo(() => name.toUpperCase(), [name]);
  return h("p", { class: "hi", onClick: () => {} }, "Hello ", loud, children);
};

export const expected = {
  html: "<div><p class=\"hi\">Hello ANN<b>&lt;&amp;</b></p></div>",
  list: "<li>1</li><li>2</li>",
};

export default () => ({
  html: renderToString(h("div", null, h(Name.Provider, { value: "Ann" }, h(Hello, null, h("b", null, "<&"))))),
  list: renderToString(h(Fragment, null, [1, 2].map((n) => h("li", { key: n }, n)))),
});

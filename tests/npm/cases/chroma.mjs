// Colours.
import chroma from "chroma-js";

export const expected = { hex: "#ffc0cb", mix: "#800080", dark: "#c93384", contrast: 21, scale: ["#ffffff", "#808080", "#000000"] };

export default () => ({
  hex: chroma("pink").hex(),
  mix: chroma.mix("red", "blue", 0.5, "rgb").hex(),
  dark: chroma("hotpink").darken().hex(),
  contrast: chroma.contrast("white", "black"),
  scale: chroma.scale(["white", "black"]).mode("rgb").colors(3),
});

// Makes one compressed ES module of each library, and the list of them.
//
//     npm ci --ignore-scripts && node node_modules/esbuild/install.js && npm run build
//
// The outputs lie in the folder above, and are committed. The same versions give
// the same bytes. Tokens are what an engine takes its time over, not blanks, so
// names stay as their authors wrote them and errors can be read.

import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

const here = new URL(".", import.meta.url);
const packages = JSON.parse(readFileSync(new URL("package.json", here))).dependencies;

// Zod's messages in fifty languages are most of its text; English ones stay.
const english = {
  name: "english",
  setup({ onLoad }) {
    onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
      resolveDir: new URL("node_modules/zod/v4/locales", here).pathname,
    }));
  },
};

// What `require` gives: a package that is one function, or one object, is that.
const entry = {
  dayjs: 'import it from "dayjs"; export default it;',
  validator: 'export * from "validator-names"; export { default } from "validator";',
  mustache: 'import it from "mustache"; export default it;',
};

// Packages of modules that have a default export beside their names.
const defaults = ["lodash-es", "zod"];

// The packages whose files are CommonJS have no names that a bundler could see.
function named(specifier) {
  return {
    name: "named",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /-names$/ }, ({ path }) => ({ path, namespace: "names" }));
      onLoad({ filter: /.*/, namespace: "names" }, async () => {
        const all = (await import(specifier)).default;
        const names = Object.keys(all).filter((name) => /^[a-z]\w*$/i.test(name));
        return {
          contents: `import it from "${specifier}";
            export const { ${names.join(", ")} } = it;`,
          resolveDir: here.pathname,
        };
      });
    },
  };
}

const licences = [];
const seen = new Set();
let list = "";

for (const [name, version] of Object.entries(packages)) {
  const text =
    entry[name] ?? `export * from "${name}";${defaults.includes(name) ? ` export { default } from "${name}";` : ""}`;
  const { outputFiles, metafile } = await build({
    stdin: { contents: text, resolveDir: here.pathname },
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    mainFields: ["module", "main"],
    conditions: ["browser", "import"],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    charset: "utf8",
    write: false,
    metafile: true,
    plugins: [english, named(name)],
    logLevel: "warning",
  });
  const code = outputFiles[0].contents;
  const packed = brotliCompressSync(code, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: code.length,
    },
  });
  writeFileSync(new URL(`../${name}.js.br`, here), packed);
  list += `${name} ${version}\n`;
  process.stdout.write(`${name} ${version}: ${code.length} bytes, ${packed.length} packed\n`);
  for (const input of Object.keys(metafile.inputs)) {
    const owner = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (owner) seen.add(owner);
  }
}

for (const owner of [...seen].sort()) {
  const folder = new URL(`node_modules/${owner}/`, here);
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", folder)));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(new URL(file, folder), "utf8").trim() : "";
  licences.push(`${owner} ${version}: ${license}\n\n${text}\n`);
}
const rule = `\n${"-".repeat(72)}\n\n`;
writeFileSync(new URL("../LICENSES", here), licences.join(rule).replaceAll("\r\n", "\n"));
writeFileSync(new URL("../versions", here), list);

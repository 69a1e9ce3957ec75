// Bundles each case, runs it in Node.js and in a function of a node, and compares.
//
//     node check.mjs FAZT URL FOLDER [NAME...]
//
// FAZT names the program, URL the node, FOLDER a place for apps. A case exports what
// it computes as `default` and what has to come out as `expected`; both runs have to
// give that. One line for each case, and the page that lists them is held to them.

import { build } from "esbuild";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";

const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const [program, url, folder, ...chosen] = process.argv.slice(2);
const tool = "esbuild";

/** A case in one file, as an app for Workers would be bundled; the packages in it. */
async function bundled(name, file) {
  const { metafile } = await build({
    entryPoints: [join(here, "cases", `${name}.mjs`)],
    absWorkingDir: here,
    outfile: file,
    bundle: true,
    format: "esm",
    platform: "browser",
    conditions: ["worker", "browser"],
    target: "esnext",
    define: { "process.env.NODE_ENV": '"production"' },
    metafile: true,
    logLevel: "error",
  });
  const named = Object.keys(metafile.inputs).map((path) => path.match(/node_modules\/((@[^/]+\/)?[^/]+)/)?.[1]);
  return new Set(named.filter(Boolean));
}

/** What a node answers on an app's host. */
function asked(app, path) {
  return new Promise((resolve, reject) => {
    const headers = { host: `${app}.localhost` };
    get(new URL(path, url), { headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode, text })).on("error", reject);
    }).on("error", reject);
  });
}

async function tried(name) {
  const app = join(folder, name);
  const file = join(app, "api", `${name}.mjs`);
  mkdirSync(join(app, "api"), { recursive: true });
  const packages = await bundled(name, file);
  const { default: run, expected } = await import(pathToFileURL(file));
  assert.deepEqual(JSON.parse(JSON.stringify(await run())), expected, "in Node.js");
  writeFileSync(join(app, "manifest.json"), JSON.stringify({ name: `npm-${name}` }));
  execFileSync(program, ["deploy", app], { stdio: ["ignore", "ignore", "pipe"] });
  // What holds for the first request holds for the next, too.
  for (const turn of ["first", "second"]) {
    const { status, text } = await asked(`npm-${name}`, `/api/${name}`);
    assert.equal(status, 200, `${turn} request: ${text}`);
    assert.deepEqual(JSON.parse(text), expected, `${turn} request`);
  }
  return { packages, size: statSync(file).size };
}

/** The page lists every package that is tried, with its version, and no other. */
function listed(packages) {
  const page = readFileSync(join(here, "../../docs/npm.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([^`]+)` \| (\S+) \|/gm)].map(([, name, version]) => `${name} ${version}`);
  const tried = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  assert.deepEqual(rows, tried.sort(), "docs/npm.md");
}

const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
delete dependencies[tool];
const all = readdirSync(join(here, "cases")).map((file) => basename(file, ".mjs"));
const seen = new Set();
let failed = 0;
for (const name of chosen.length ? chosen : all) {
  const from = Date.now();
  try {
    const { packages, size } = await tried(name);
    packages.forEach((name) => seen.add(name));
    console.log(`ok      ${name.padEnd(16)} ${String(Math.ceil(size / 1024)).padStart(4)} KiB ${Date.now() - from} ms`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.stderr ?? error.message}`);
  }
}
if (!chosen.length) {
  try {
    listed(dependencies);
    const unused = Object.keys(dependencies).filter((name) => !seen.has(name));
    assert.deepEqual(unused, [], "packages that no case uses");
  } catch (error) {
    failed += 1;
    console.log(`FAILED  the list: ${error.message}`);
  }
}
console.log(`libraries: ${Object.keys(dependencies).length} packages, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

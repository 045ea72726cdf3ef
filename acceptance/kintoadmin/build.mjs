// Builds the published console into a folder: node build.mjs FOLDER
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];

// The package is made for webpack, where "~" begins the name of a package, and lacks one of its style sheets.
const asWebpack = {
  name: "as-webpack",
  setup(build) {
    build.onResolve({ filter: /^~/ }, ({ path, kind, resolveDir }) => build.resolve(path.slice(1), { kind, resolveDir }));
    build.onResolve({ filter: /^\.\/style\.css$/ }, ({ path }) => ({ path, namespace: "missing" }));
    build.onLoad({ filter: /./, namespace: "missing" }, () => ({ contents: "", loader: "css" }));
  },
};

await build({
  entryPoints: ["console.js"],
  outdir: join(folder, "assets"),
  bundle: true,
  minify: true,
  loader: { ".svg": "file", ".png": "file" },
  define: { "process.env": '{"NODE_ENV": "production"}', "process.env.NODE_ENV": '"production"', global: "window" },
  plugins: [asWebpack],
  logLevel: "error",
});

writeFileSync(
  join(folder, "index.html"),
  `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="assets/console.css">
<div id="console"></div>
<script src="assets/console.js"></script>
`,
);
const { version } = JSON.parse(readFileSync("node_modules/kinto-admin/package.json"));
writeFileSync(join(folder, "VERSION"), version);

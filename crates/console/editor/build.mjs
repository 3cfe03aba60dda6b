// Makes one file of the editor and what it is made of, with their licence at its head.
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const license = readFileSync("node_modules/@codemirror/view/LICENSE", "utf8").trim();

await build({
  entryPoints: ["editor.mjs"],
  outfile: "../assets/editor.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome110", "firefox115", "safari16.4"],
  legalComments: "inline",
  banner: { js: `/*! CodeMirror 6 and Lezer, https://codemirror.net\n\n${license}\n*/` },
});

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pages } from "./docs/pages.ts";

/** Writes the generated pages of docs/; `--check` writes nothing and fails when one is not current. */
const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");
let stale = 0;
for (const { path, text } of await pages()) {
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
  stale++;
  process.stdout.write(`${check ? "not current" : "written"}: ${path}\n`);
  if (check) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
if (stale === 0) process.stdout.write("every generated page is current\n");
if (check && stale > 0) process.exitCode = 1;

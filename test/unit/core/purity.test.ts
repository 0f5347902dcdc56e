import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const CORE = join(import.meta.dirname, "../../../core");
const files = readdirSync(CORE, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name));

/** Comments may name what code may not use. */
const code = (file: string): string =>
  readFileSync(file, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");

describe("core", () => {
  it("has files to look at", () => expect(files.length).toBeGreaterThan(40));

  it.each(files.map((file) => [relative(CORE, file), file]))(
    "%s imports zod, yaml and core only",
    (_, file) => {
      const statements =
        /^import\b[^;"]*"([^"]+)";|^export\b[^;"=]*\bfrom\s+"([^"]+)";|\bimport\("([^"]+)"\)/gm;
      const imports = [...code(file).matchAll(statements)].map(
        (match) => match[1] ?? match[2] ?? match[3] ?? "",
      );
      if (code(file).includes("import ")) expect(imports).not.toEqual([]);
      for (const name of imports) {
        if (name === "zod" || name === "yaml") continue;
        expect(name).toMatch(/^\.{1,2}\/.*\.ts$/);
        expect(relative(CORE, join(file, "..", name)).startsWith("..")).toBe(false);
      }
    },
  );

  it.each(files.map((file) => [relative(CORE, file), file]))(
    "%s has no clock, chance, environment or I/O",
    (_, file) => {
      expect(code(file)).not.toMatch(
        /\b(Date\.now|new Date\(\)|performance\.|Math\.random|setTimeout|setInterval|setImmediate|process\.|console\.|fetch\(|globalThis)/,
      );
    },
  );
});

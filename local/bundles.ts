import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { FunctionDeclaration } from "../core/declaration.ts";
import { bundling } from "../stacks/bundling.ts";
import type { FunctionModule } from "./lambda/lambda.ts";

/**
 * The bundles of functions, made as `sst deploy` makes them: the same esbuild (its version is pinned, and
 * `npm run check:infra` compares it with the one inside of SST), the same options, so the same bytes. The offline
 * evaluation, `--bundled` and the bench all use this one implementation.
 */
export interface BundleRequest {
  /** Folder that modules are named from. */
  readonly root: string;
  /** `functions/tasks/gate.handler`: a module without its extension, and what it exports. */
  readonly handler: string;
  /** Emptied, then filled with `bundle.mjs` and its source map. */
  readonly folder: string;
  readonly runtime: string;
  readonly minify?: boolean;
}

export interface Bundle {
  readonly file: string;
  readonly sourceMap: string;
  /** The handler inside of the bundle: `bundle.handler`. */
  readonly handler: string;
  readonly bytes: number;
}

/** The language level of each Lambda runtime. */
const TARGETS: Readonly<Record<string, string>> = { "nodejs24.x": "es2024", "nodejs22.x": "es2023" };

/** CommonJS inside of an ES module needs `require` and the names of the file; SST puts these lines in front. */
const BANNER = [
  "import { createRequire as topLevelCreateRequire } from 'module';",
  "const require = topLevelCreateRequire(import.meta.url);",
  `import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url"`,
  "const __filename = topLevelFileUrlToPath(import.meta.url)",
  `const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url))`,
  "",
].join("\n");

/** Native modules that SST leaves out unless a function asks for their installation; we use none of them. */
const EXTERNAL = ["sharp", "pg-native"];

/** The module that a handler names. Throws Error when there is none. */
export function handlerModule(root: string, handler: string): string {
  const path = handler.slice(0, handler.lastIndexOf("."));
  const file = [".ts", ".mts", ".js", ".mjs"]
    .map((extension) => join(root, `${path}${extension}`))
    .find(existsSync);
  if (!file) throw new Error(`no module for the handler ${handler}`);
  return file;
}

/** Bundles one function into a folder of its own. Throws esbuild's BuildFailure when a module does not build. */
export async function bundle(request: BundleRequest): Promise<Bundle> {
  const { root, handler, folder, runtime } = request;
  const target = TARGETS[runtime];
  if (!target) throw new Error(`no language level is known for the runtime ${runtime}`);
  const file = join(folder, "bundle.mjs");
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [handlerModule(root, handler)],
    outfile: file,
    platform: "node",
    target,
    format: "esm",
    mainFields: ["module", "main"],
    bundle: true,
    minify: request.minify ?? false,
    // Names of error classes are what state machines match.
    keepNames: true,
    sourcemap: "linked",
    external: EXTERNAL,
    banner: { js: BANNER },
    metafile: true,
    logLevel: "silent",
  });
  const bytes = Object.entries(metafile.outputs).find(([path]) => path.endsWith("bundle.mjs"))?.[1].bytes;
  return {
    file,
    sourceMap: `${file}.map`,
    handler: `bundle${handler.slice(handler.lastIndexOf("."))}`,
    bytes: bytes ?? 0,
  };
}

/** A declared function's bundle under `folder`, as stacks/functions.ts has it built. */
export const bundleFunction = (
  root: string,
  { name, module }: FunctionDeclaration,
  folder: string,
): Promise<Bundle> =>
  bundle({
    root,
    handler: module.replace(/\.ts$/, ".handler"),
    folder: join(folder, name),
    runtime: bundling.runtime,
    minify: bundling.nodejs.minify,
  });

/** Builds the bundles of functions; answers how to load each. */
export async function bundleAll(
  root: string,
  declared: readonly FunctionDeclaration[],
  folder: string,
): Promise<(declaration: FunctionDeclaration) => Promise<FunctionModule>> {
  const built = await Promise.all(
    declared.map(
      async (declaration) => [declaration.name, await bundleFunction(root, declaration, folder)] as const,
    ),
  );
  const files = new Map(built.map(([name, { file }]) => [name, file]));
  return async ({ name }) => {
    const file = files.get(name);
    if (!file) throw new Error(`function ${name} was not bundled`);
    return import(/* @vite-ignore */ pathToFileURL(file).href);
  };
}

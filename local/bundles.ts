import { existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { join, parse, relative, resolve } from "node:path";
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

/** Several bundles in one build share what they parse: a third of the time. Each takes memory while it is made. */
const AT_ONCE = 16;

interface Waiting {
  readonly request: BundleRequest;
  readonly done: (bundle: Bundle) => void;
  readonly failed: (error: unknown) => void;
}

const waiting: Waiting[] = [];
let working = false;

/**
 * Bundles one function into a folder of its own. However many are asked for at once, {@link AT_ONCE} are made at a
 * time: a hundred beside each other take several GiB. Rejects with esbuild's BuildFailure when a module does not
 * build, and with Error when there is none, or for a runtime that is not known.
 */
export function bundle(request: BundleRequest): Promise<Bundle> {
  const made = new Promise<Bundle>((done, failed) => void waiting.push({ request, done, failed }));
  if (!working) {
    working = true;
    // Whoever asks for many has asked for all of them by then.
    setImmediate(() => void work());
  }
  return made;
}

async function work(): Promise<void> {
  for (let first = waiting.shift(); first; first = waiting.shift()) {
    const group = [first];
    for (let i = 0; i < waiting.length && group.length < AT_ONCE; ) {
      const next = waiting[i];
      if (next && kindOf(next.request) === kindOf(first.request)) group.push(...waiting.splice(i, 1));
      else i++;
    }
    await buildAll(group).catch(async () => {
      // One that does not build fails the build it is part of: alone, each has the error that is its own.
      for (const one of group) await buildAll([one]).catch(one.failed);
    });
  }
  working = false;
}

/** What bundles of one build have in common. */
const kindOf = ({ root, folder, runtime, minify = false }: BundleRequest): string =>
  JSON.stringify([root, parse(resolve(folder)).root, runtime, minify]);

async function buildAll(group: readonly Waiting[]): Promise<void> {
  const [first] = group;
  if (!first) return;
  const { root, runtime, minify = false } = first.request;
  const target = TARGETS[runtime];
  if (!target) throw new Error(`no language level is known for the runtime ${runtime}`);
  const top = parse(resolve(first.request.folder)).root;
  for (const { request } of group) await rm(request.folder, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: group.map(({ request: { handler, folder } }) => ({
      in: handlerModule(root, handler),
      out: relative(top, join(resolve(folder), "bundle")),
    })),
    outdir: top,
    outExtension: { ".js": ".mjs" },
    platform: "node",
    target,
    format: "esm",
    mainFields: ["module", "main"],
    bundle: true,
    minify,
    // Names of error classes are what state machines match.
    keepNames: true,
    sourcemap: "linked",
    external: EXTERNAL,
    banner: { js: BANNER },
    logLevel: "silent",
  });
  for (const { request, done } of group) {
    const file = join(request.folder, "bundle.mjs");
    const { size } = await stat(file);
    const exported = request.handler.slice(request.handler.lastIndexOf("."));
    done({ file, sourceMap: `${file}.map`, handler: `bundle${exported}`, bytes: size });
  }
}

/** What is asked for to bundle a declared function under `folder`, as stacks/functions.ts asks SST for it. */
export const bundleRequest = (
  root: string,
  { name, module }: FunctionDeclaration,
  folder: string,
): BundleRequest => ({
  root,
  handler: module.replace(/\.ts$/, ".handler"),
  folder: join(folder, name),
  runtime: bundling.runtime,
  minify: bundling.nodejs.minify,
});

/** A declared function's bundle under `folder`. */
export const bundleFunction = (
  root: string,
  declaration: FunctionDeclaration,
  folder: string,
): Promise<Bundle> => bundle(bundleRequest(root, declaration, folder));

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

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";

/** Changes a source while it is compiled; how a check is shown to fail when it should. */
export type Edit = (path: string, source: string) => string;

interface Esbuild {
  build(options: object): Promise<unknown>;
}

interface Loader {
  onLoad(
    filter: { readonly filter: RegExp },
    load: (args: { readonly path: string }) => { contents: string; loader: string } | undefined,
  ): void;
}

export interface CompileOptions {
  readonly root: string;
  readonly edit: Edit;
}

export interface Program {
  readonly name: string;
  readonly contents: string;
  readonly define: Readonly<Record<string, string>>;
  /** Lines in front of every module of the project: the names that SST makes global. */
  readonly globals?: string;
  readonly inject?: readonly string[];
  readonly banner?: string;
}

/** Folder in which `sst install` puts components and providers. */
export const platformOf = (root: string): string => join(root, ".sst", "platform");

/** `require` as from inside of SST's platform. */
export const requireOf = (root: string): NodeJS.Require =>
  createRequire(join(platformOf(root), "package.json"));

/** What stays outside of the program, to be loaded from the platform's own packages. */
const EXTERNAL = [
  "@aws-sdk/*",
  "@pulumi/*",
  "@pulumiverse/*",
  "@sst-provider/*",
  "archiver",
  "esbuild",
  "glob",
  "undici",
  "vite",
];

const NODE_NAMES = `import { createRequire as topLevelCreateRequire } from "module";
import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url";
const require = topLevelCreateRequire(import.meta.url);
const __filename = topLevelFileUrlToPath(import.meta.url);
const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url));
`;

/** Compiles a program as the sst command does and loads it; answers its default export. */
export async function compile<T>({ root, edit }: CompileOptions, program: Program): Promise<T> {
  const platform = platformOf(root);
  const esbuild = requireOf(root)("esbuild") as Esbuild;
  const { globals = "" } = program;
  // Packages are looked up from where the program lies. Evaluations may run beside each other.
  const outfile = join(platform, `offline-${process.pid}-${program.name}.mjs`);
  const project = {
    name: "project",
    setup(loader: Loader) {
      loader.onLoad({ filter: /\.[jt]sx?$/ }, ({ path }) => {
        if (path.startsWith(join(root, ".sst/"))) return undefined;
        const contents = edit(relative(root, path), readFileSync(path, "utf8"));
        return { contents: `${globals}\n${contents}`, loader: "default" };
      });
    },
  };
  await esbuild.build({
    stdin: { contents: program.contents, resolveDir: root, sourcefile: "offline.ts", loader: "ts" },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    logLevel: "silent",
    nodePaths: [join(platform, "node_modules")],
    define: program.define,
    inject: program.inject ?? [],
    external: EXTERNAL,
    banner: { js: `${NODE_NAMES}${program.banner ?? ""}` },
    plugins: [project],
  });
  const module = (await import(pathToFileURL(outfile).href)) as { default: T };
  return module.default;
}

/**
 * Import directions of the architecture (docs/architecture.md). Each rule says why it is there. Cycles are the
 * linter's business: it tells imports of types, which may be mutual, from imports of values. `@swc/core` reads
 * the TypeScript here, because dependency-cruiser knows the compiler up to version 6 only.
 */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: "error",
  from: { path: `^${from}/` },
  to: {
    path: "^(core|adapters|functions|workflows|stacks|local|cli|console|bench|test)/",
    pathNot: `^(${allowed})/`,
  },
});

export default {
  forbidden: [
    only("core-is-pure", "core", "core", "decisions know no adapter, handler or platform"),
    {
      name: "core-has-no-effects",
      comment: "core may import zod, yaml (parsing a string) and nothing with I/O",
      severity: "error",
      from: { path: "^core/" },
      to: { dependencyTypes: ["core", "npm", "npm-dev"], pathNot: "node_modules/(zod|yaml|semver)/" },
    },
    only("adapters-below-functions", "adapters", "core|adapters", "adapters implement ports for functions"),
    only(
      "functions-over-adapters",
      "functions",
      "core|adapters|functions",
      "handlers parse, decide in core, act by ports",
    ),
    {
      name: "handlers-do-not-call-each-other",
      comment: "one handler per file; shared code is not a handler",
      severity: "error",
      from: { path: "^functions/(api|events|tasks|schedules)/([^/]+)\\.ts$" },
      to: { path: "^functions/(events|tasks|schedules)/[^/]+\\.ts$", pathNot: "^functions/$1/(shared|lib)/" },
    },
    only(
      "workflows-are-data",
      "workflows",
      "core|workflows",
      "state machines know types and error names only",
    ),
    only("cli-talks-http", "cli", "core|cli", "the CLI knows core types; everything else goes over HTTP"),
    {
      name: "nothing-imports-tests",
      severity: "error",
      from: { pathNot: "^test/" },
      to: { path: "^test/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".mjs", ".js", ".json"],
    },
  },
};

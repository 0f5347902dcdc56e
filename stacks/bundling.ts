/**
 * How functions are bundled, said once: stacks/functions.ts hands it to SST, local/bundles.ts to esbuild, so that
 * the embedded platform runs the very bytes that a deployment ships.
 */
export const bundling = {
  runtime: "nodejs24.x",
  architecture: "arm64",
  nodejs: { minify: true, format: "esm" },
} as const;

import { defineConfig } from "vitest/config";

/** The tests that need evaluated deployments: `npm run check:infra` makes those first. */
export default defineConfig({
  test: {
    root: `${import.meta.dirname}/..`,
    include: ["test/stack/**/*.check.ts"],
    pool: "forks",
    maxWorkers: 1,
  },
});

/**
 * Writes what follows from the workflows: adapters/workflow-grants.ts (functions may not import workflows, and
 * the doctor simulates their permissions) and managed-account/template.yaml. The tests say when it is due.
 *
 *   npm run generate
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { grantsOf } from "../workflows/grants.ts";
import { workflows } from "../workflows/platform.ts";

const root = join(import.meta.dirname, "..");

const HEADER = `import type { Grant } from "../core/declaration.ts";

/** Made by scripts/generate-managed-account.ts from the definitions of the workflows; do not edit. */
`;

/** The permissions of each workflow, as a module. */
export function workflowGrantsText(): string {
  const grants = Object.fromEntries(workflows.map((workflow) => [workflow.name, grantsOf(workflow)]));
  return `${HEADER}export const workflowGrants: Readonly<Record<string, readonly Grant[]>> = ${JSON.stringify(grants)};\n`;
}

/** In the form that the linter wants of what is checked in. */
const format = (path: string): void =>
  void execFileSync(join(root, "node_modules/.bin/biome"), ["format", "--write", path], { cwd: root });

const write = (path: string, text: string): void => writeFileSync(join(root, path), text);

if (import.meta.main) {
  write("adapters/workflow-grants.ts", workflowGrantsText());
  format("adapters/workflow-grants.ts");
  // The template is made from the file just written.
  const { templateText } = await import("../managed-account/template.ts");
  write("managed-account/template.yaml", templateText());
}

/**
 * Writes what follows from the workflows: adapters/workflow-grants.ts (functions may not import workflows, and
 * the doctor simulates their permissions) and managed-account/template.yaml. The tests say when it is due.
 *
 *   node scripts/generate-managed-account.ts
 */
import { writeFileSync } from "node:fs";
import { grantsOf } from "../workflows/grants.ts";
import { workflows } from "../workflows/platform.ts";

const HEADER = `import type { Grant } from "../core/declaration.ts";

/** Made by scripts/generate-managed-account.ts from the definitions of the workflows; do not edit. */
`;

/** The permissions of each workflow, as a module. */
export function workflowGrantsText(): string {
  const grants = Object.fromEntries(workflows.map((workflow) => [workflow.name, grantsOf(workflow)]));
  return `${HEADER}export const workflowGrants: Readonly<Record<string, readonly Grant[]>> = ${JSON.stringify(grants)};\n`;
}

const write = (path: string, text: string): void =>
  writeFileSync(new URL(`../${path}`, import.meta.url), text);

if (import.meta.main) {
  write("adapters/workflow-grants.ts", workflowGrantsText());
  // The template is made from the file just written.
  const { templateText } = await import("../managed-account/template.ts");
  write("managed-account/template.yaml", templateText());
}

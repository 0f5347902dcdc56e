import { fieldSupport } from "../../core/cluster-config/support-table.ts";
import { cell, GENERATED, type Page, table } from "./page.ts";

const LEVELS = {
  supported: "supported",
  different: "supported differently",
  "not installed": "not installed",
  refused: "refused",
} as const;

/** What Slipway does with each field of eksctl's ClusterConfig. */
export function clusterConfigPage(): Page {
  const fields = fieldSupport();
  const count = (level: keyof typeof LEVELS): number =>
    fields.filter((field) => field.level === level).length;
  const notes = fields.filter((field) => field.level !== "supported");
  const rows = (list: typeof fields): string =>
    table(
      ["field", "", ""],
      list.map(({ field, level, note }) => [`\`${field}\``, LEVELS[level], cell(note)]),
    );
  return {
    path: "docs/generated/cluster-config.md",
    text: [
      GENERATED,
      "",
      "# Fields of the ClusterConfig",
      "",
      "Slipway reads eksctl's ClusterConfig (`eksctl.io/v1alpha5`). Each of its fields takes effect, or is refused with",
      "the reason; nothing is skipped without a word. A name that is in neither tool is an error, with the nearest one.",
      "",
      `${count("supported")} fields are supported, ${count("different")} supported differently, ${count("refused")} refused; ${count("not installed")} ask for software that`,
      "Slipway does not install: the plan says so, with the command.",
      "",
      "## What is not as in eksctl",
      "",
      rows(notes),
      "",
      "## All fields",
      "",
      rows(fields),
      "",
    ].join("\n"),
  };
}

import { parseAllDocuments } from "yaml";
import type { Session } from "../context.ts";
import { CliError, EXIT } from "../errors.ts";
import { jsonBody } from "./change.ts";

/** A document of a file that is not a cluster: a window, a channel, or a policy that clusters name. */
export interface FileDocument {
  readonly kind: "MaintenanceWindow" | "AutomationPolicy" | "NotificationChannel";
  readonly name: string;
  readonly value: unknown;
}

const LIST = {
  MaintenanceWindow: "windows",
  AutomationPolicy: "policies",
  NotificationChannel: "notification-channels",
} as const;

interface FileContents {
  /** Windows before the policies that name them. */
  readonly documents: readonly FileDocument[];
  /** The cluster's part of the file, with the policy that stands beside it; undefined: there is no cluster in it. */
  readonly cluster: string | undefined;
}

/**
 * What a file holds. An AutomationPolicy beside a ClusterConfig is the cluster's own; in a file without one it is
 * a policy of its own, for the clusters that name it.
 */
export function documentsOf(text: string, path: string): FileContents {
  const parsed = parseAllDocuments(text);
  const all = "empty" in parsed ? [] : parsed;
  const kindOf = (document: (typeof all)[number]): unknown => document.get("kind");
  const hasCluster = all.some((document) => kindOf(document) === "ClusterConfig");
  const documents: FileDocument[] = [];
  const rest: string[] = [];
  for (const document of all) {
    const kind = kindOf(document);
    const own =
      kind === "MaintenanceWindow" ||
      kind === "NotificationChannel" ||
      (kind === "AutomationPolicy" && !hasCluster);
    if (!own) {
      rest.push(String(document));
      continue;
    }
    const [problem] = document.errors;
    if (problem) throw new CliError(`${path}: ${problem.message}`, EXIT.badInput);
    const name = document.getIn(["metadata", "name"]);
    if (typeof name !== "string" || name === "")
      throw new CliError(`${path}: metadata.name of the ${kind} is missing`, EXIT.badInput);
    documents.push({ kind, name, value: document.toJS({ maxAliasCount: 0 }) });
  }
  if (documents.length === 0) return { documents, cluster: text };
  const ordered = documents.toSorted((a, b) => LIST[b.kind].localeCompare(LIST[a.kind]));
  return { documents: ordered, cluster: hasCluster ? rest.join("") : undefined };
}

/** Writes windows, policies and channels; with `dryRun` only says which. */
export async function applyDocuments(
  session: Session,
  documents: readonly FileDocument[],
  dryRun: boolean,
): Promise<void> {
  const { stdout } = session.context;
  const say = (text: string): void => {
    if (session.options.output === "table") stdout.write(text);
  };
  for (const { kind, name, value } of documents) {
    if (dryRun) {
      say(`${kind} ${name} would be written\n`);
      continue;
    }
    await session.client.call({
      method: "PUT",
      path: `/v1/${LIST[kind]}/${encodeURIComponent(name)}`,
      body: jsonBody(value),
    });
    say(`${kind} ${name} written\n`);
  }
}

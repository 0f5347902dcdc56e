import { clusterKey } from "../../../core/cluster-ref.ts";
import { InvalidInputError, TerminalError } from "../../../core/errors.ts";
import { policyNameOf, windowsNamedBy } from "../../../core/policy/named.ts";
import type { ClusterRecord, Page, Store, StoredDocument } from "../../../core/ports/store.ts";
import { POLICIES } from "../policies.ts";

type Kind = "policy" | "window";

const LIST: Readonly<Record<Kind, string>> = { policy: "policies", window: "windows" };

export const notFound = (kind: Kind, name: string): TerminalError =>
  new TerminalError(`there is no ${kind} ${name}`, {
    code: kind === "policy" ? "PolicyNotFound" : "WindowNotFound",
    remedy: `List them with: slipway get ${LIST[kind]}`,
  });

/** Throws InvalidInputError where a document says another name than the path. */
export function refuseOtherName(inPath: string, inDocument: string): void {
  if (inPath === inDocument) return;
  throw new InvalidInputError([
    {
      field: "metadata.name",
      message: `the document says ${inDocument}, the path says ${inPath}`,
      remedy: "Send each document to the path of its own name.",
    },
  ]);
}

/** Throws TerminalError `InUse` with the users named. */
export function refuseInUse(kind: Kind, name: string, users: readonly string[]): void {
  if (users.length === 0) return;
  throw new TerminalError(`${kind} ${name} is used by ${users.join(", ")}`, {
    code: "InUse",
    remedy: "Take it out of these first: what names something that is missing stays closed.",
    detail: { users },
  });
}

export const policyView = ({ name, value, revision }: StoredDocument) => ({ name, policy: value, revision });

async function everyPage<T>(read: (nextToken?: string) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = [];
  let nextToken: string | undefined;
  do {
    const page = await read(nextToken);
    all.push(...page.items);
    nextToken = page.nextToken;
  } while (nextToken);
  return all;
}

const clusters = (store: Store): Promise<ClusterRecord[]> =>
  everyPage((nextToken) => store.listClusters({ limit: 100, ...(nextToken ? { nextToken } : {}) }));

/** Clusters whose files name a policy. The policy called default may go: then the built-in one counts. */
export const usersOfPolicy = async (store: Store, name: string): Promise<string[]> =>
  (await clusters(store))
    .filter((record) => record.policy === undefined && policyNameOf(record.config) === name)
    .map((record) => `cluster ${clusterKey(record.ref)}`);

/** Policies, and clusters with a policy in their file, that name a window. */
export async function usersOfWindow(store: Store, name: string): Promise<string[]> {
  const policies = await everyPage((nextToken) =>
    store.listDocuments(POLICIES, { limit: 100, ...(nextToken ? { nextToken } : {}) }),
  );
  return [
    ...policies.filter(({ value }) => windowsNamedBy(value).includes(name)).map((p) => `policy ${p.name}`),
    ...(await clusters(store))
      .filter(({ policy }) => windowsNamedBy(policy).includes(name))
      .map(({ ref }) => `cluster ${clusterKey(ref)}`),
  ];
}

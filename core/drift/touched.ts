import type { DriftClass } from "../policy/drift.ts";
import { decoded } from "./text.ts";
import type { ClusterChange } from "./types.ts";

type Parameters = Readonly<Record<string, unknown>>;

/** Members of UpdateClusterConfig's request, and what they change. */
const OF_CLUSTER_CONFIG: Readonly<Record<string, readonly DriftClass[]>> = {
  resourcesVpcConfig: ["endpoint-access", "cluster"],
  logging: ["logging"],
  accessConfig: ["authentication"],
  deletionProtection: ["protection"],
};

/** Calls by the end of their names; the first that fits counts. */
const BY_NAME: readonly (readonly [RegExp, readonly DriftClass[]])[] = [
  [/Nodegroup/, ["nodegroup", "nodegroup-missing", "nodegroup-foreign"]],
  [/Addon$/, ["addon", "pod-identity"]],
  [/Access(Entry|Policy)$/, ["access"]],
  [/PodIdentityAssociation$/, ["pod-identity", "addon"]],
  [/FargateProfile$/, ["fargate"]],
  [/Capability$/, ["capability"]],
  [/IdentityProviderConfig$/, ["access"]],
  [/^(Untag|Tag)Resource$/, ["tags"]],
];

/** What a call can have changed: for saying who did it, never for deciding what is different. */
export function classesOf(call: string, parameters: Parameters): readonly DriftClass[] {
  const found = BY_NAME.find(([name]) => name.test(call))?.[1];
  if (found) return found;
  if (call !== "UpdateClusterConfig") return ["cluster"];
  const named = Object.entries(OF_CLUSTER_CONFIG).flatMap(([member, classes]) =>
    parameters[member] === undefined ? [] : classes,
  );
  return named.length > 0 ? named : ["cluster"];
}

/** What of the cluster a call names; undefined for the cluster itself, and where only an id is given. */
export function subjectOf(call: string, parameters: Parameters): string | undefined {
  const member = ["nodegroupName", "addonName", "principalArn", "fargateProfileName", "capabilityName"].find(
    (name) => typeof parameters[name] === "string",
  );
  if (member) return decoded(String(parameters[member]));
  if (call === "CreatePodIdentityAssociation" && parameters.namespace && parameters.serviceAccount)
    return `${parameters.namespace}/${parameters.serviceAccount}`;
  const arn = typeof parameters.resourceArn === "string" ? decoded(parameters.resourceArn) : "";
  // arn:aws:eks:REGION:ACCOUNT:nodegroup/CLUSTER/NAME/ID
  return /^arn:[^/]+\/[^/]+\/([^/]+)/.exec(arn)?.[1];
}

/** `workers-3`, a generation of a rotation, is the group `workers` of the file. */
const logical = (nodegroup: string): string => nodegroup.replace(/-\d+$/, "");

/** Name in the brackets of a field: `workers` of `managedNodeGroups[workers].minSize`. */
const bracketed = (field: string): string | undefined => /\[([^\]]*)\]/.exec(field)?.[1];

function isAbout({ classes, subject }: ClusterChange, drift: Pick<DriftOf, "field" | "class">): boolean {
  if (!classes.includes(drift.class)) return false;
  const name = bracketed(drift.field);
  if (name === undefined) return subject === undefined;
  if (subject === undefined) return true;
  return subject === name || logical(subject) === name || subject.endsWith(`:${name}`);
}

interface DriftOf {
  readonly field: string;
  readonly class: DriftClass;
}

/** The latest change that can have made the drift; undefined when no event told of one. */
export const changeBehind = (drift: DriftOf, changes: readonly ClusterChange[]): ClusterChange | undefined =>
  changes
    .filter((change) => isAbout(change, drift))
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))[0];

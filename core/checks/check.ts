import type { Finding, OperationType, Severity } from "../operation/types.ts";
import type { AutomationPolicy } from "../policy/schema.ts";
import type { RollbackFacts } from "../rollback/facts.ts";
import type {
  ClusterSnapshot,
  KubernetesFacts,
  NodegroupFacts,
  Read,
  SelfManagedFacts,
} from "../snapshot.ts";

/** What a check looks at, worked out once for all of them. */
export interface CheckContext {
  readonly snapshot: ClusterSnapshot;
  readonly type: OperationType;
  /** Kubernetes version after the operation; the present one where it does not change. */
  readonly to: string;
  /** The versions the control plane passes, `to` included; empty where it does not change. */
  readonly hops: readonly string[];
  readonly policy: AutomationPolicy;
  /** Node groups that the operation replaces. */
  readonly nodegroups: readonly NodegroupFacts[];
  /** Self-managed groups that the operation replaces: those that Slipway made. */
  readonly selfManaged: readonly SelfManagedFacts[];
  /** Logical names of groups that the plan brings up to date before the first hop. */
  readonly prepared: ReadonlySet<string>;
  /** Names of the add-ons that the phase updates before it changes anything else; undefined of a whole plan. */
  readonly updates: ReadonlySet<string> | undefined;
  /** The groups get another AMI family with this operation. */
  readonly moves: boolean;
  /** Undefined when the Kubernetes API could not be read; READABILITY says so. */
  readonly kubernetes: KubernetesFacts | undefined;
  /** What EKS tells of the way back; only of a rollback. */
  readonly rollback: Read<RollbackFacts> | undefined;
}

export type CheckResult = Omit<Finding, "code" | "overridden">;

/** One pre-flight check: pure, with a stable code that has a section in docs/checks.md. */
export interface Check {
  readonly code: string;
  /** What it makes sure of, one line. */
  readonly title: string;
  /** Operations that it guards. */
  readonly guards: ReadonlySet<OperationType>;
  /** EKS refuses what it finds whatever anybody says: an override would only fail later, in the middle. */
  readonly absolute?: boolean;
  run(context: CheckContext): readonly CheckResult[];
}

export const UPGRADE: ReadonlySet<OperationType> = new Set(["upgrade-cluster"]);
/** Operations that replace nodes. */
export const NODES: ReadonlySet<OperationType> = new Set([
  "upgrade-cluster",
  "rotate-nodegroup",
  "rollback-cluster",
]);
/** Operations that change a cluster which stays. */
export const CHANGES: ReadonlySet<OperationType> = new Set([
  "upgrade-cluster",
  "rotate-nodegroup",
  "update-addons",
  "rollback-cluster",
]);

/** Makes the results of a check: `finding("block")(subject, evidence, remedy)`. */
export const finding =
  (severity: Severity) =>
  (subject: string, evidence: string, remedy: string): CheckResult => ({
    severity,
    subject,
    evidence,
    remedy,
  });

export const block = finding("block");
export const unknown = finding("unknown");
export const warn = finding("warn");
export const info = finding("info");

/** `a, b and 3 more`: lists in messages stay short. */
export function listed(names: readonly string[], most = 5): string {
  if (names.length <= most) return names.join(", ");
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

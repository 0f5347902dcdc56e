import { eksOf } from "../../../adapters/aws/eks.ts";
import type { Runtime } from "../../../adapters/runtime.ts";
import { collectSnapshot, readCatalogue } from "../../../adapters/snapshot.ts";
import { runChecks } from "../../../core/checks/run.ts";
import { parseClusterConfig } from "../../../core/cluster-config/parse.ts";
import type { ClusterConfig } from "../../../core/cluster-config/schema.ts";
import type { ClusterRef } from "../../../core/cluster-ref.ts";
import { TerminalError } from "../../../core/errors.ts";
import type { Finding, OperationType, Override, Plan } from "../../../core/operation/types.ts";
import { planAddonUpdate } from "../../../core/plan/addon-update.ts";
import { planDelete } from "../../../core/plan/delete.ts";
import { planProvision } from "../../../core/plan/provision.ts";
import { planRotation } from "../../../core/plan/rotation.ts";
import { planUpgrade } from "../../../core/plan/upgrade.ts";
import { type AutomationPolicy, defaultPolicy } from "../../../core/policy/schema.ts";
import type { ClusterRecord } from "../../../core/ports/store.ts";

interface Wanted {
  readonly type: OperationType;
  readonly request: Readonly<Record<string, unknown>>;
  readonly overrides: readonly Override[];
  readonly requester: string;
}

export const policyOf = (record: ClusterRecord): AutomationPolicy =>
  (record.policy as AutomationPolicy | undefined) ?? defaultPolicy;

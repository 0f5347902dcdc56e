import type { Kernel } from "../../kernel/kernel.ts";
import type { Faults } from "../faults.ts";
import type { InfraWorld } from "../infra-contract.ts";
import type { KubernetesWorld } from "../kubernetes-contract.ts";
import { clusterConfigHandlers } from "./cluster-config.ts";
import { clusterUpdates } from "./cluster-updates.ts";
import { clusterVersionHandlers } from "./cluster-version.ts";
import { clusterHandlers } from "./clusters.ts";
import type { EksContext, EksHandlers } from "./context.ts";
import { nodegroupUpdateHandlers } from "./nodegroup-updates.ts";
import { nodegroupHandlers } from "./nodegroups.ts";
import { updateHandlers } from "./updates.ts";
import { versionHandlers } from "./versions.ts";

export interface EksOptions {
  readonly kernel: Kernel;
  readonly kubernetes: KubernetesWorld;
  readonly infra: InfraWorld;
  readonly faults: Faults;
  /** Where the platform listens: clusters answer at `ENDPOINT/kubernetes/ACCOUNT/REGION/NAME`. */
  readonly endpoint?: string;
}

export interface Eks {
  readonly handlers: EksHandlers;
}

/** The simulated EKS. Create it before `kernel.timers.start()`. */
export function createEks(options: EksOptions): Eks {
  const { kernel } = options;
  const ctx: EksContext = {
    kernel,
    kubernetes: options.kubernetes,
    infra: options.infra,
    faults: options.faults,
    endpoint: options.endpoint ?? "http://127.0.0.1:4566",
    clusters: kernel.durable.map("eks.clusters"),
    nodegroups: kernel.durable.map("eks.nodegroups"),
    addons: kernel.durable.map("eks.addons"),
    updates: kernel.durable.map("eks.updates"),
  };
  const updates = clusterUpdates(ctx);
  const handlers: EksHandlers = {
    ...clusterHandlers(ctx, { created: () => {}, deleted: () => {} }),
    ...clusterConfigHandlers(ctx, updates),
    ...clusterVersionHandlers(ctx, updates),
    ...versionHandlers(ctx),
    ...updateHandlers(ctx),
    ...nodegroupHandlers(ctx),
    ...nodegroupUpdateHandlers(ctx),
  };
  return { handlers };
}

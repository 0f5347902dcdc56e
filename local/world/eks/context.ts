import type * as Eks from "@aws-sdk/client-eks";
import type { Scope, ServiceHandlers } from "../../aws/contract.ts";
import type { DurableMap } from "../../kernel/durable.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { FaultSpec, Faults } from "../faults.ts";
import type { InfraExtras, InfraWorld, Place } from "../infra-contract.ts";
import type { KubernetesWorld } from "../kubernetes-contract.ts";
import type { AddonDoc, ClusterDoc, NodegroupDoc, UpdateDoc } from "./documents.ts";
import { clusterNotFound, invalidParameter, notActive, updateInProgress } from "./errors.ts";

export type EksHandlers = ServiceHandlers<typeof Eks>;

/** What every resource of the simulated EKS works with. */
export interface EksContext {
  readonly kernel: Kernel;
  readonly kubernetes: KubernetesWorld;
  readonly infra: InfraWorld & Partial<InfraExtras>;
  readonly faults: Faults;
  /** `http://127.0.0.1:4566`, without a slash at the end. */
  readonly endpoint: string;
  /** By ARN. */
  readonly clusters: DurableMap<ClusterDoc>;
  /** By {@link resourceKey} with `nodegroup`. */
  readonly nodegroups: DurableMap<NodegroupDoc>;
  readonly addons: DurableMap<AddonDoc>;
  readonly updates: DurableMap<UpdateDoc>;
}

export const clusterArn = (place: Place, name: string): string =>
  `arn:aws:eks:${place.region}:${place.account}:cluster/${name}`;

/** Account and region of an EKS ARN. */
export function placeOf(arn: string): Place {
  const [, , , region = "", account = ""] = arn.split(":");
  return { account, region };
}

export const resourceKey = (cluster: string, name: string): string => `${cluster}\u0000${name}`;

/** ARN of something in a cluster: `arn:aws:eks:R:A:nodegroup/CLUSTER/NAME/UUID`. */
export function childArn(cluster: ClusterDoc, kind: string, ...path: readonly string[]): string {
  return `arn:aws:eks:${cluster.region}:${cluster.account}:${kind}/${[cluster.name, ...path].join("/")}`;
}

/** Documents of one cluster, by name. */
export function ofCluster<D extends { readonly cluster: string; readonly name: string }>(
  map: DurableMap<D>,
  cluster: string,
): D[] {
  const found: D[] = [];
  for (const doc of map.values()) if (doc.cluster === cluster) found.push(doc);
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** A member that the API requires. The endpoint has checked it against the model; direct callers may not have. */
export function need<T>(value: T | undefined, member: string): T {
  if (value === undefined) throw invalidParameter(`${member} is required`);
  return value;
}

/** The cluster, or AWS's 404. */
export function findCluster(ctx: EksContext, scope: Place, name: string | undefined): ClusterDoc {
  const wanted = need(name, "name");
  const doc = ctx.clusters.get(clusterArn(scope, wanted));
  if (!doc) throw clusterNotFound(wanted);
  return doc;
}

/**
 * The cluster when it may be changed now: anything but ACTIVE is AWS's 400. While an Auto Mode cluster takes its
 * nodes back the status is ACTIVE, and EKS refuses every change all the same.
 */
export function findActiveCluster(ctx: EksContext, scope: Place, name: string | undefined): ClusterDoc {
  const doc = findCluster(ctx, scope, name);
  if (doc.body.status !== "ACTIVE") throw notActive(doc.name);
  if (doc.rollback && doc.activeUpdate)
    throw updateInProgress("change the cluster", doc.name, doc.activeUpdate);
  return doc;
}

/** Milliseconds between two numbers of seconds, by the seeded chance of the kernel. */
export const duration = (ctx: EksContext, leastSeconds: number, mostSeconds: number): number =>
  Math.round((leastSeconds + (mostSeconds - leastSeconds) * ctx.kernel.random()) * 1000);

/** Subject of faults: `cluster/prod`, `cluster/prod/nodegroup/workers-2`, `cluster/prod/addon/coredns`. */
export const subject = (cluster: string, ...path: readonly string[]): string =>
  ["cluster", cluster.slice(cluster.lastIndexOf("/") + 1), ...path].join("/");

/** A fault that describes a state and lasts until it is cleared: looked at without using it up. */
export const standingFault = (ctx: EksContext, name: string, about: string): FaultSpec | undefined =>
  ctx.faults
    .list()
    .find((fault) => fault.name === name && (fault.subject === undefined || about.includes(fault.subject)));

/** Time of a document as the API gives it. */
export const date = (ms: number): Date => new Date(ms);

/** A copy without the members that are undefined, as they would not survive the journal either. */
export function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;
}

export const placeOfScope = (scope: Scope): Place => ({ account: scope.account, region: scope.region });

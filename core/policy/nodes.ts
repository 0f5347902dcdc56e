import * as z from "zod";
import { count, seconds } from "./fields.ts";

/** The kubelet's conditions and those of the EKS node monitoring agent. */
export const NODE_CONDITIONS = [
  "Ready",
  "KernelReady",
  "NetworkingReady",
  "StorageReady",
  "ContainerRuntimeReady",
  "AcceleratedHardwareReady",
  "DiskPressure",
  "MemoryPressure",
  "PIDPressure",
  "NetworkUnavailable",
] as const;

/** Memory and processes run out on a new machine as well. */
export const DEFAULT_CONDITIONS: readonly (typeof NODE_CONDITIONS)[number][] = NODE_CONDITIONS.filter(
  (condition) => condition !== "MemoryPressure" && condition !== "PIDPressure",
);

/** What Slipway may do about sick nodes by itself. */
export const nodesSchema = z.strictObject({
  mode: z.enum(["off", "report", "remediate"]).default("report"),
  /** Spot interruptions have two minutes: cordon and drain, unless told not to. */
  spot: z.enum(["off", "report", "drain"]).default("drain"),
  /** Nodes of one group that may be in remediation at once; a share is rounded down, but is at least one. */
  maxConcurrent: count(450, "nodes").default(1),
  /**
   * So many of a group sick at once, but at least two, are taken for a false signal: nothing is done, and it is
   * said. A share is rounded up.
   */
  falseSignal: count(450, "nodes").default("50%"),
  /** Conditions of a node that its replacement helps against; those of others are shown only. */
  conditions: z
    .array(z.enum(NODE_CONDITIONS))
    .max(NODE_CONDITIONS.length)
    .default([...DEFAULT_CONDITIONS]),
  /** A node is sick only after so many seconds of it. */
  confirmSeconds: seconds(7200).default(300),
  /** Seconds between two remediations in one group. */
  coolDownSeconds: seconds(86_400).default(900),
  /** Remediations of a cluster in a day before automation turns itself off for it. */
  breaker: z.number().int().min(1).max(1000).default(10),
  action: z.enum(["terminate", "reboot"]).default("terminate"),
  drainDeadlineSeconds: seconds(3600).min(30).default(600),
});

export type NodesPolicy = z.infer<typeof nodesSchema>;

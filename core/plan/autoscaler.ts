import { TAG_AUTOSCALER_PAUSED } from "./self-managed.ts";

/** The tag by which Cluster Autoscaler finds its groups (`--node-group-auto-discovery`). */
export const ENABLED = "k8s.io/cluster-autoscaler/enabled";
const PREFIX = "k8s.io/cluster-autoscaler/";

export const isAutoscalerImage = (image: string): boolean =>
  /\/cluster-autoscaler(?:-[a-z0-9]+)?[:@]/.test(image);

/** Value of the mark on a group that is paused: who did it, and what the tag said. */
export const pauseMark = (operationId: string, value: string): string => `${operationId} ${value}`;

/** Undefined for what we have not written. */
export function pausedBy(mark: string): { readonly operationId: string; readonly value: string } | undefined {
  const [, operationId, value] = /^(op-[0-9A-HJKMNP-TV-Z]{26}) (.*)$/.exec(mark) ?? [];
  return operationId === undefined || value === undefined ? undefined : { operationId, value };
}

/** What the autoscaler reads of a group's tags, as it would be were the group not paused. */
export function autoscalerTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  const paused = pausedBy(tags[TAG_AUTOSCALER_PAUSED] ?? "");
  return {
    ...Object.fromEntries(Object.entries(tags).filter(([key]) => key.startsWith(PREFIX))),
    ...(paused ? { [ENABLED]: paused.value } : {}),
  };
}

import { minorOf, parseMinor } from "./version.ts";

/**
 * Kubernetes' version skew policy: a kubelet or kube-proxy is never newer than the API server, and at most
 * three minors older from 1.28 on (two before).
 */
export type Skew =
  | { readonly ok: true; readonly behind: number }
  | {
      readonly ok: false;
      readonly behind: number;
      readonly reason: "newer" | "too-old";
      readonly allowed: number;
    };

/** How many minors behind the API server a component of this minor version may be. */
export const allowedBehind = (componentMinor: number): number => (componentMinor >= 28 ? 3 : 2);

/**
 * Judges a kubelet or kube-proxy (`v1.33.4-eks-abc`, `1.33`) against an API server (`1.34`).
 * `behind` is the distance in minors, negative when the component is the newer one.
 */
export function skewOf(component: string, apiServer: string): Skew {
  const minor = parseMinor(minorOf(component));
  const behind = parseMinor(minorOf(apiServer)) - minor;
  const allowed = allowedBehind(minor);
  if (behind < 0) return { ok: false, behind, reason: "newer", allowed };
  return behind > allowed ? { ok: false, behind, reason: "too-old", allowed } : { ok: true, behind };
}

/** `2 minors behind`, `1 minor ahead of`: for messages. */
export function describeSkew(behind: number): string {
  const distance = Math.abs(behind);
  const minors = `${distance} minor${distance === 1 ? "" : "s"}`;
  return behind < 0 ? `${minors} ahead of` : `${minors} behind`;
}

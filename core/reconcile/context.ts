import type { ClusterConfig } from "../cluster-config/schema.ts";
import type { Foundation } from "../provision/foundation.ts";
import type { AddonRelease } from "../snapshot.ts";
import type { LiveState } from "./live.ts";

/** What a comparison looks at. */
export interface Comparison {
  readonly live: LiveState;
  readonly config: ClusterConfig;
  /**
   * The file that was carried out last. What it said and the new one does not say any more is taken back, where
   * nobody but us can have set it.
   */
  readonly earlier?: ClusterConfig | undefined;
  /** Delete what has gone from the file. */
  readonly prune: boolean;
  /** Roles and subnets for what is made anew: of the file, of Slipway's stack, or of the cluster itself. */
  readonly foundation: Foundation;
  /** Versions of the add-ons that the file names. */
  readonly catalogue: readonly AddonRelease[];
  /** Which version an add-on gets where the file leaves it open. */
  readonly prefer: "default" | "latest";
  /** Roles of Slipway's own functions: their access is not for a file to give or take. */
  readonly isOwnRole: (arn: string) => boolean;
  /** What the cluster had when Slipway left it; no file can say it. Only drift is compared with it. */
  readonly deletionProtection?: boolean | undefined;
  /** Goes into the tags of what is made anew. */
  readonly operationId: string;
}

/** ARN of a role that a stack of Slipway's made for a part of the cluster; undefined where none did. */
export function madeRole({ foundation }: Comparison, key: string): string | undefined {
  try {
    return foundation.role(key);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

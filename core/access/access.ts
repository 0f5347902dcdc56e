import * as z from "zod";
import type { ClusterRef } from "../cluster-ref.ts";

/** What somebody may do; each role may do what those before it may, but an operator does not approve. */
export const ROLES = ["viewer", "operator", "approver", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Glob over a text: `*` stands for any characters, `?` for one. */
const glob = z.string().min(1).max(512);

const selector = z
  .strictObject({
    /** `prod-*`. */
    names: z.array(glob).max(100).optional(),
    accounts: z.array(glob).max(100).optional(),
    regions: z.array(glob).max(100).optional(),
  })
  .meta({ description: "A cluster is meant when each member that is given has a pattern that fits it." });

const binding = z.strictObject({
  role: z.enum(ROLES),
  /** Whom: ARNs of users and roles (`arn:aws:iam::111122223333:role/Platform*`, sessions of a role count as it), or subjects of tokens. */
  principals: z.array(glob).min(1).max(200),
  /** For which clusters; absent: all, and what belongs to no cluster (policies, windows, access itself). */
  clusters: selector.optional(),
});

/** Who may do what (`/v1/access`). Without it everybody whom the API's authorizer lets in is admin. */
export const accessSchema = z
  .strictObject({ bindings: z.array(binding).min(1).max(200) })
  .refine(({ bindings }) => bindings.some(({ role, clusters }) => role === "admin" && !clusters), {
    error: "somebody has to be admin of everything, or nobody could change this again",
    path: ["bindings"],
  });

export type Access = z.infer<typeof accessSchema>;
export type ClusterSelector = z.infer<typeof selector>;

/** What a request needs: at least this. `viewer < operator < admin`, and `viewer < approver < admin`. */
const GRANTS: Readonly<Record<Role, readonly Role[]>> = {
  viewer: ["viewer"],
  operator: ["viewer", "operator"],
  approver: ["viewer", "approver"],
  admin: ["viewer", "operator", "approver", "admin"],
};

const fits = (pattern: string, value: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "s",
  ).test(value);

/**
 * The names by which a principal can be meant: a session of a role (`sts:...:assumed-role/R/alice`) is also the
 * role (`iam:...:role/R`), whose path the session's ARN does not tell.
 */
export function namesOf(principal: string): readonly string[] {
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/.exec(principal);
  if (!session) return [principal];
  const [, partition = "", account = "", role = ""] = session;
  return [principal, `arn:${partition}:iam::${account}:role/${role}`];
}

const means = (clusters: ClusterSelector | undefined, ref: ClusterRef | undefined): boolean => {
  if (clusters === undefined) return true;
  if (ref === undefined) return false;
  const one = (patterns: readonly string[] | undefined, value: string): boolean =>
    patterns === undefined || patterns.some((pattern) => fits(pattern, value));
  return (
    one(clusters.names, ref.name) && one(clusters.accounts, ref.account) && one(clusters.regions, ref.region)
  );
};

/**
 * Whether somebody has a role for a cluster, or (undefined) for what belongs to none. Without an access document
 * whoever gets in may do everything.
 */
export function hasRole(
  access: Access | undefined,
  principal: string,
  role: Role,
  cluster: ClusterRef | undefined,
): boolean {
  if (!access) return true;
  const names = namesOf(principal);
  return access.bindings.some(
    (given) =>
      GRANTS[given.role].includes(role) &&
      given.principals.some((pattern) => names.some((name) => fits(pattern, name))) &&
      means(given.clusters, cluster),
  );
}

/** Whether somebody has a role for any cluster at all: enough to see lists. */
export const hasRoleSomewhere = (access: Access | undefined, principal: string, role: Role): boolean =>
  !access ||
  access.bindings.some(
    (given) =>
      GRANTS[given.role].includes(role) &&
      given.principals.some((pattern) => namesOf(principal).some((name) => fits(pattern, name))),
  );

import type { Runtime } from "../../../adapters/runtime.ts";
import { storeOf } from "../../../adapters/store/dynamo-store.ts";
import {
  type Access,
  accessSchema,
  hasRole,
  hasRoleSomewhere,
  type Role,
} from "../../../core/access/access.ts";
import type { ApiRoute } from "../../../core/api/routes.ts";
import { type ClusterRef, clusterKey, parseClusterKey } from "../../../core/cluster-ref.ts";
import { TerminalError } from "../../../core/errors.ts";

/** The one document of its collection. */
export const ACCESS = { collection: "access", name: "bindings" } as const;

/** Who may do what; undefined: nobody has said so yet. Throws TerminalError `AccessInvalid`: then nobody may. */
export async function readAccess(runtime: Runtime): Promise<Access | undefined> {
  const stored = await storeOf(runtime).getDocument(ACCESS.collection, ACCESS.name);
  if (!stored) return undefined;
  const parsed = accessSchema.safeParse(stored.value);
  if (parsed.success) return parsed.data;
  throw new TerminalError(`the stored access does not parse: ${parsed.error.issues[0]?.message ?? ""}`, {
    code: "AccessInvalid",
    remedy: "Delete the document access/bindings from the table and write it again with PUT /v1/access.",
  });
}

export const roleOf = (route: Pick<ApiRoute, "role" | "method">): Role =>
  route.role ?? (route.method === "GET" ? "viewer" : "operator");

/** Throws TerminalError `Forbidden` unless the requester has the role of the route for what the path names. */
export async function authorize(
  runtime: Runtime,
  route: ApiRoute,
  requester: string,
  path: Readonly<Record<string, string>>,
): Promise<void> {
  // The description of the API is no secret.
  if (route.path === "/openapi.json") return;
  const access = await readAccess(runtime);
  if (!access) return;
  const role = roleOf(route);
  const cluster = await clusterOf(runtime, path);
  // Lists, and what all clusters share, may be looked at by everybody who may look at anything.
  const allowed =
    cluster === undefined && role === "viewer"
      ? hasRoleSomewhere(access, requester, role)
      : hasRole(access, requester, role, cluster);
  if (allowed) return;
  throw forbidden(requester, role, cluster, `${route.method} ${route.path}`);
}

/** The same for a cluster that only the request's body names. */
export async function authorizeFor(
  runtime: Runtime,
  route: ApiRoute,
  requester: string,
  cluster: ClusterRef,
): Promise<void> {
  const role = roleOf(route);
  if (hasRole(await readAccess(runtime), requester, role, cluster)) return;
  throw forbidden(requester, role, cluster, `${route.method} ${route.path}`);
}

const forbidden = (
  requester: string,
  role: Role,
  cluster: ClusterRef | undefined,
  what: string,
): TerminalError =>
  new TerminalError(
    `${requester} is no ${role}${cluster ? ` of ${clusterKey(cluster)}` : ""}, which ${what} needs`,
    { code: "Forbidden", remedy: "Ask somebody who is admin for the role (GET /v1/access says who)." },
  );

/** The cluster that a path is about; undefined: none, or one that nobody knows (the handler says so). */
async function clusterOf(
  runtime: Runtime,
  { cluster, operation }: Readonly<Record<string, string>>,
): Promise<ClusterRef | undefined> {
  const store = storeOf(runtime);
  if (operation !== undefined) return (await store.getOperation(operation))?.cluster;
  if (cluster === undefined) return undefined;
  const named = parseClusterKey(cluster);
  if (named) return named;
  const known = await store.findClusters(cluster);
  if (known.length === 1) return known[0]?.ref;
  // Not managed yet: where it will be, the handler knows and asks again with authorizeFor.
  const { account, region } = runtime.config;
  return { account, region, name: cluster };
}

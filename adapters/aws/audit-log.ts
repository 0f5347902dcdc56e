import type { AuditLogFacts, DeprecatedCall } from "../../core/snapshot.ts";
import type { Runtime } from "../runtime.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws, awsOrUndefined } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import { getQueryResults, startQuery } from "./operations/operations.ts";

/**
 * So far back: what calls an API calls it every day, and CloudWatch Logs charges for each byte that a query looks
 * at (an audit log may write gigabytes a day).
 */
const HOURS = 24;
const POLL_MS = 1000;

/**
 * Calls to deprecated APIs by client. The API server annotates each; its own calls and those of EKS's control
 * plane are left out, as nobody but EKS can change them.
 */
const QUERY = [
  "fields `annotations.k8s.io/removed-release` as removed",
  "filter @logStream like /kube-apiserver-audit/",
  'filter `annotations.k8s.io/deprecated` = "true" and ispresent(removed)',
  "filter user.username not like /^(system:apiserver|system:kube-|eks:)/",
  "stats count(*) as requests by objectRef.apiGroup, objectRef.apiVersion, objectRef.resource, removed, userAgent",
  "sort requests desc",
  "limit 200",
].join(" | ");

export interface AuditLogRequest {
  readonly cluster: string;
  /** How long an answer is waited for: milliseconds. */
  readonly waitMs: number;
  /** Nobody asks again later. */
  readonly final: boolean;
}

const senderOf = perRuntime((runtime) => createSend(runtime.aws));

/** Asks the cluster's audit log, with CloudWatch Logs Insights, who calls deprecated APIs. */
export async function readAuditLog(
  runtime: Runtime,
  { cluster, waitMs, final }: AuditLogRequest,
): Promise<AuditLogFacts> {
  const { clock } = runtime;
  const send = senderOf(runtime);
  const logGroup = `/aws/eks/${cluster}/cluster`;
  const begin = clock.now();
  const seconds = Math.floor(begin / 1000);
  const started = await awsOrUndefined(`logs StartQuery ${logGroup}`, () =>
    send(startQuery, {
      logGroupName: logGroup,
      startTime: seconds - HOURS * 3600,
      endTime: seconds,
      queryString: QUERY,
    }),
  );
  if (!started) return { state: "missing", logGroup };
  for (;;) {
    await clock.sleep(POLL_MS);
    const reply = await aws(`logs GetQueryResults ${logGroup}`, () =>
      send(getQueryResults, { queryId: started.queryId }),
    );
    if (reply.status === "Complete")
      return { state: "read", hours: HOURS, calls: (reply.results ?? []).map(callOf) };
    if (reply.status !== "Running" && reply.status !== "Scheduled")
      throw new Error(`the query of ${logGroup} ended as ${reply.status}`);
    const waitedMs = clock.now() - begin;
    if (waitedMs + POLL_MS > waitMs) return { state: "unfinished", waitedMs, final };
  }
}

function callOf(row: readonly { field?: string | undefined; value?: string | undefined }[]): DeprecatedCall {
  const value = (field: string): string => row.find((cell) => cell.field === field)?.value ?? "";
  const group = value("objectRef.apiGroup");
  const version = value("objectRef.apiVersion");
  return {
    api: `${group === "" ? version : `${group}/${version}`} ${value("objectRef.resource")}`,
    removedIn: value("removed"),
    userAgent: value("userAgent"),
    requests: Number(value("requests")),
  };
}

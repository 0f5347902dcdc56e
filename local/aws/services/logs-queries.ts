import type { Kernel } from "../../kernel/kernel.ts";
import type { FaultSpec, Faults } from "../../world/faults.ts";
import { AwsError, type Scope, type ServiceHandlers } from "../contract.ts";
import { type LogRecord, parseQuery } from "./insights-query.ts";
import type { LogGroup, LogStore } from "./log-store.ts";

/** Seconds from the start of a query to its results. */
const QUERY_SECONDS = 2;

interface QueryDocument {
  readonly account: string;
  readonly region: string;
  readonly text: string;
  readonly groups: readonly string[];
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly limit?: number;
  readonly startedAt: number;
  readonly doneAt: number;
  status: "Running" | "Complete" | "Failed" | "Cancelled";
  results: { field: string; value: string }[][];
  readonly matched: { scanned: number };
}

/**
 * Logs Insights. A query is worked out when it starts, over the events that there are, and tells its results some
 * seconds later. Faults, subject `log-group/NAME`: `DeprecatedApiCalls` (group, version, resource, removed,
 * userAgent, requests) puts records of such calls into a cluster's audit log, `LogsQueryFails`, `LogsQuerySlow`
 * (seconds).
 */
export function createQueries({
  kernel,
  store,
  faults,
}: {
  readonly kernel: Kernel;
  readonly store: LogStore;
  readonly faults?: Faults;
}): Pick<
  ServiceHandlers<typeof import("@aws-sdk/client-cloudwatch-logs")>,
  "StartQuery" | "GetQueryResults" | "StopQuery"
> {
  const { clock, ids } = kernel;
  const queries = kernel.durable.map<QueryDocument>("logs.queries");

  const find = ({ account, region }: Scope, id: string | undefined): QueryDocument => {
    const query = queries.get(id ?? "");
    if (!query || query.account !== account || query.region !== region)
      throw new AwsError("ResourceNotFoundException", `Query with ID ${id} does not exist`);
    return query;
  };

  const recordsOf = (scope: Scope, group: LogGroup): LogRecord[] => {
    const log = `${scope.account}:${group.name}`;
    const written = group.streams.flatMap((stream) =>
      store.events(group, stream).map(({ timestamp, message }) => ({ timestamp, message, stream, log })),
    );
    const fault = faults?.hit("DeprecatedApiCalls", `log-group/${group.name}`);
    return fault ? [...written, ...deprecatedCalls(fault, clock.now(), log)] : written;
  };

  return {
    StartQuery: (input, scope) => {
      const names = [
        ...(input.logGroupName === undefined ? [] : [input.logGroupName]),
        ...(input.logGroupNames ?? []),
        ...(input.logGroupIdentifiers ?? []),
      ];
      if (names.length === 0)
        throw new AwsError("InvalidParameterException", "a query needs at least one log group");
      const groups = names.map((name) => store.group(scope, name));
      const from = (input.startTime ?? 0) * 1000;
      const to = (input.endTime ?? 0) * 1000;
      if (to < from)
        throw new AwsError("InvalidParameterException", "the end of the query is before its start");
      const query = parseQuery(input.queryString ?? "", input.limit);
      // The end counts whole: what was written in that second is in it.
      const records = groups
        .flatMap((group) => recordsOf(scope, group))
        .filter(({ timestamp }) => timestamp >= from && timestamp < to + 1000);
      const about = groups.map(({ name }) => `log-group/${name}`).join(" ");
      const slow = faults?.hit("LogsQuerySlow", about);
      const failed = faults?.hit("LogsQueryFails", about) !== undefined;
      const startedAt = clock.now();
      const id = ids.uuid();
      queries.set(id, {
        account: scope.account,
        region: scope.region,
        text: input.queryString ?? "",
        groups: groups.map(({ name }) => name),
        from,
        to,
        startedAt,
        doneAt: startedAt + Number(slow?.args?.seconds ?? (slow ? 600 : QUERY_SECONDS)) * 1000,
        status: failed ? "Failed" : "Complete",
        results: failed ? [] : query.run(records.toSorted((a, b) => b.timestamp - a.timestamp)),
        matched: { scanned: records.length },
      });
      return { queryId: id };
    },
    GetQueryResults: (input, scope) => {
      const query = find(scope, input.queryId);
      const done = query.status === "Cancelled" || clock.now() >= query.doneAt;
      return {
        queryLanguage: "CWLI",
        status: done ? query.status : "Running",
        results: done ? query.results : [],
        statistics: {
          recordsMatched: done ? query.results.length : 0,
          recordsScanned: done ? query.matched.scanned : 0,
          bytesScanned: 0,
        },
      };
    },
    StopQuery: (input, scope) => {
      const query = find(scope, input.queryId);
      if (clock.now() >= query.doneAt)
        throw new AwsError(
          "InvalidParameterException",
          `Query with ID ${input.queryId} is not in Running or Scheduled state`,
        );
      query.status = "Cancelled";
      query.results = [];
      queries.touch(input.queryId ?? "");
      return { success: true };
    },
  };
}

/** Audit records as an API server of EKS writes them, for calls to an API that is marked as deprecated. */
function deprecatedCalls({ args = {} }: FaultSpec, now: number, log: string): LogRecord[] {
  const {
    group: apiGroup = "flowcontrol.apiserver.k8s.io",
    version: apiVersion = "v1beta3",
    resource = "flowschemas",
    removed = "1.34",
    userAgent = "helm/3.9.0 (linux/amd64)",
    user = "deployer",
    requests = "3",
  } = args;
  return Array.from({ length: Number(requests) }, (_, i) => {
    const at = now - (i + 1) * 600_000;
    const time = new Date(at).toISOString();
    return {
      timestamp: at,
      stream: "kube-apiserver-audit-0a1b2c3d4e5f60718293a4b5c6d7e8f9",
      log,
      message: JSON.stringify({
        kind: "Event",
        apiVersion: "audit.k8s.io/v1",
        level: "Metadata",
        stage: "ResponseComplete",
        requestURI: `/apis/${apiGroup}/${apiVersion}/${resource}?limit=500`,
        verb: "list",
        user: { username: user, groups: ["system:authenticated"] },
        sourceIPs: ["10.0.12.34"],
        userAgent,
        objectRef: { resource, apiGroup, apiVersion },
        responseStatus: { code: 200 },
        requestReceivedTimestamp: time,
        stageTimestamp: time,
        annotations: {
          "authorization.k8s.io/decision": "allow",
          "k8s.io/deprecated": "true",
          "k8s.io/removed-release": removed,
        },
      }),
    };
  });
}

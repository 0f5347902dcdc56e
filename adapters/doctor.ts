import { ListClustersCommand, ListNodegroupsCommand } from "@aws-sdk/client-eks";
import type { Grant } from "../core/declaration.ts";
import type { DeniedAction, QuotaValue, TrailFacts } from "../core/doctor/facts.ts";
import { eksClientOf } from "./aws/eks.ts";
import { aws } from "./aws/errors.ts";
import { createSend } from "./aws/operations/client.ts";
import {
  describeTrails,
  getCallerIdentity,
  getServiceQuota,
  getTrailStatus,
  simulatePrincipalPolicy,
} from "./aws/operations/operations.ts";
import { perRuntime } from "./system-runtime.ts";

/** The questions that only the doctor asks of AWS. */
export interface DoctorPort {
  identity(): Promise<{ account: string; arn: string }>;
  /** What IAM would deny a role of a grant; each action on each resource. */
  denied(roleArn: string, grant: Grant): Promise<DeniedAction[]>;
  /** Trails that cover the runtime's region. */
  trails(): Promise<TrailFacts[]>;
  clusters(): Promise<number>;
  nodegroups(cluster: string): Promise<number>;
  /** The quota as it is now; the default, with the reason, where it cannot be read. */
  quota(quota: { readonly code: string; readonly value: number }): Promise<QuotaValue>;
}

export const doctorOf = perRuntime((runtime): DoctorPort => {
  const send = createSend(runtime.aws);
  const eks = eksClientOf(runtime);
  const { region } = runtime.config;
  return {
    async identity() {
      const reply = await aws("sts GetCallerIdentity", () => send(getCallerIdentity, {}));
      return { account: reply.Account ?? "", arn: reply.Arn ?? "" };
    },
    async denied(roleArn, { actions, resources, conditions = {} }) {
      const context = contextFor(conditions);
      const reply = await aws(`iam SimulatePrincipalPolicy ${roleArn}`, () =>
        send(simulatePrincipalPolicy, {
          PolicySourceArn: roleArn,
          ActionNames: [...actions],
          ResourceArns: [...resources],
          ContextEntries: context.map(([name, value]) => ({
            ContextKeyName: name,
            ContextKeyType: "string" as const,
            ContextKeyValues: [value],
          })),
          MaxItems: 1000,
        }),
      );
      return (reply.EvaluationResults ?? []).flatMap((result) =>
        result.EvalDecision === "allowed"
          ? []
          : [
              {
                role: roleArn.split("/").at(-1) ?? roleArn,
                action: result.EvalActionName ?? "",
                resource: result.EvalResourceName ?? "*",
                missing: result.MissingContextValues ?? [],
              },
            ],
      );
    },
    async trails() {
      const reply = await aws("cloudtrail DescribeTrails", () =>
        send(describeTrails, { includeShadowTrails: true }),
      );
      const covering = (reply.trailList ?? []).filter(
        (trail) => trail.IsMultiRegionTrail || trail.HomeRegion === region,
      );
      return Promise.all(
        covering.map(async (trail) => {
          const name = trail.Name ?? "";
          const status = await aws(`cloudtrail GetTrailStatus ${name}`, () =>
            // A trail of another region is known by its ARN only.
            send(getTrailStatus, { Name: trail.TrailARN ?? name }),
          );
          return {
            name,
            logging: status.IsLogging ?? false,
            ...(status.LatestDeliveryError ? { deliveryError: status.LatestDeliveryError } : {}),
          };
        }),
      );
    },
    clusters: () =>
      count("eks ListClusters", async (nextToken) => {
        const reply = await eks.send(new ListClustersCommand({ maxResults: 100, nextToken }));
        return { found: reply.clusters, nextToken: reply.nextToken };
      }),
    nodegroups: (clusterName) =>
      count(`eks ListNodegroups ${clusterName}`, async (nextToken) => {
        const reply = await eks.send(new ListNodegroupsCommand({ clusterName, maxResults: 100, nextToken }));
        return { found: reply.nodegroups, nextToken: reply.nextToken };
      }),
    async quota({ code, value }) {
      try {
        const reply = await aws(`servicequotas GetServiceQuota ${code}`, () =>
          send(getServiceQuota, { ServiceCode: "eks", QuotaCode: code }),
        );
        const known = reply.Quota?.Value;
        if (known !== undefined) return { value: known, source: "service-quotas" };
        return { value, source: "default", reason: "Service Quotas names no value" };
      } catch (error) {
        return { value, source: "default", reason: error instanceof Error ? error.message : String(error) };
      }
    },
  };
});

/** Condition keys with values under which the conditions hold. */
const contextFor = (conditions: NonNullable<Grant["conditions"]>): [key: string, value: string][] =>
  Object.entries(conditions).flatMap(([operator, keys]) =>
    Object.entries(keys).flatMap(([key, value]): [string, string][] => {
      if (operator !== "Null") return [[key, value]];
      // "false" asks for any value, "true" for none.
      return value === "false" ? [[key, "any"]] : [];
    }),
  );

/** The number of items on all pages. */
async function count(
  call: string,
  fetch: (
    nextToken: string | undefined,
  ) => Promise<{ found: readonly string[] | undefined; nextToken: string | undefined }>,
): Promise<number> {
  let total = 0;
  let nextToken: string | undefined;
  do {
    const token = nextToken;
    const page = await aws(call, () => fetch(token));
    total += page.found?.length ?? 0;
    nextToken = page.nextToken;
  } while (nextToken);
  return total;
}

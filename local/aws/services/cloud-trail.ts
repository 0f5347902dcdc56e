import type { Kernel } from "../../kernel/kernel.ts";
import { AwsError, type Scope, type ServiceHandlers } from "../contract.ts";

/** The one trail of a simulated account: all regions, management events. */
const NAME = "management-events";

interface TrailDocument {
  logging: boolean;
}

/**
 * CloudTrail: each account has one trail, which logs unless somebody stops it. While it is stopped no event of an
 * EKS call reaches the bus (local/events/sources/cloud-trail.ts asks `logging`).
 */
export function createCloudTrail({ kernel }: { readonly kernel: Kernel }) {
  const trails = kernel.durable.map<TrailDocument>("cloudtrail.trails");
  const logging = (account: string): boolean => trails.get(account)?.logging ?? true;
  const arn = ({ account, region }: Pick<Scope, "account" | "region">): string =>
    `arn:aws:cloudtrail:${region}:${account}:trail/${NAME}`;
  const check = (name: string | undefined, scope: Scope): void => {
    if (name === NAME || name === arn(scope)) return;
    throw new AwsError("TrailNotFoundException", `Unknown trail: ${name} for the user: ${scope.account}`);
  };
  const handlers: ServiceHandlers<typeof import("@aws-sdk/client-cloudtrail")> = {
    DescribeTrails: (input, scope) => {
      const names = input.trailNameList ?? [];
      const wanted = names.length === 0 || names.some((name) => name === NAME || name === arn(scope));
      return {
        trailList: wanted
          ? [
              {
                Name: NAME,
                S3BucketName: `trail-${scope.account}`,
                IncludeGlobalServiceEvents: true,
                IsMultiRegionTrail: true,
                HomeRegion: scope.region,
                TrailARN: arn(scope),
                LogFileValidationEnabled: true,
                HasCustomEventSelectors: false,
                HasInsightSelectors: false,
                IsOrganizationTrail: false,
              },
            ]
          : [],
      };
    },
    GetTrailStatus: (input, scope) => {
      check(input.Name, scope);
      return { IsLogging: logging(scope.account) };
    },
    StartLogging: (input, scope) => {
      check(input.Name, scope);
      trails.set(scope.account, { logging: true });
      return {};
    },
    StopLogging: (input, scope) => {
      check(input.Name, scope);
      trails.set(scope.account, { logging: false });
      return {};
    },
  };
  return { handlers, logging };
}

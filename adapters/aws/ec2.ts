import type { LaunchTemplateFacts, NodegroupFacts, SubnetFacts } from "../../core/snapshot.ts";
import { perRuntime } from "../system-runtime.ts";
import { aws, awsErrorName } from "./errors.ts";
import { createSend } from "./operations/client.ts";
import {
  describeLaunchTemplateVersions,
  describeSecurityGroups,
  describeSubnets,
} from "./operations/operations.ts";

/** The reads of EC2 that tasks make. */
export interface Ec2Reader {
  /** Those of the subnets that exist. */
  subnets(ids: readonly string[]): Promise<SubnetFacts[]>;
  /** Ids of those of the security groups that exist. */
  securityGroups(ids: readonly string[]): Promise<string[]>;
  /** The launch template that a node group names, in the version that it names. */
  launchTemplate(group: NodegroupFacts): Promise<LaunchTemplateFacts | undefined>;
}

/** A filter takes at most so many values. */
const FILTER_VALUES = 200;

/** EC2 says so of a template, or a version of one, that is gone. */
const TEMPLATE_GONE = /^InvalidLaunchTemplate(Id|Name)\./;

export const ec2Of = perRuntime((runtime): Ec2Reader => {
  const send = createSend(runtime.aws);
  /** By filter, not by id: asked by id EC2 refuses the whole call when one is gone. */
  const filtered = async <T>(
    name: string,
    ids: readonly string[],
    read: (filters: { Name: string; Values: string[] }[]) => Promise<T[]>,
  ): Promise<T[]> => {
    const found: T[] = [];
    for (let i = 0; i < ids.length; i += FILTER_VALUES)
      found.push(...(await read([{ Name: name, Values: ids.slice(i, i + FILTER_VALUES) }])));
    return found;
  };
  return {
    subnets: (ids) =>
      filtered("subnet-id", ids, async (Filters) => {
        const reply = await aws("ec2 DescribeSubnets", () => send(describeSubnets, { Filters }));
        return (reply.Subnets ?? []).map((subnet) => ({
          id: subnet.SubnetId ?? "",
          zone: subnet.AvailabilityZone ?? "",
          freeIps: subnet.AvailableIpAddressCount ?? 0,
          vpcId: subnet.VpcId ?? "",
        }));
      }),
    securityGroups: (ids) =>
      filtered("group-id", ids, async (Filters) => {
        const reply = await aws("ec2 DescribeSecurityGroups", () =>
          send(describeSecurityGroups, { Filters }),
        );
        return (reply.SecurityGroups ?? []).flatMap((group) => group.GroupId ?? []);
      }),
    async launchTemplate({ name: nodegroup, launchTemplate: named }) {
      const { id, name, version } = named ?? {};
      const template = name ?? id;
      if (template === undefined) return undefined;
      const call = `ec2 DescribeLaunchTemplateVersions ${template}`;
      const used = version ?? "$Default";
      try {
        const reply = await aws(call, () =>
          send(describeLaunchTemplateVersions, {
            ...(id === undefined ? { LaunchTemplateName: template } : { LaunchTemplateId: id }),
            Versions: [...new Set([used, "$Default", "$Latest"])],
          }),
        );
        return templateFacts(nodegroup, template, used, reply.LaunchTemplateVersions ?? []);
      } catch (error) {
        if (TEMPLATE_GONE.test(codeOf(error))) return { nodegroup, template, exists: false };
        throw error;
      }
    },
  };
});

/** The error code that EC2 gave, of an error in our taxonomy or the SDK's. */
const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : awsErrorName(error);

interface TemplateVersion {
  readonly VersionNumber?: number | undefined;
  readonly DefaultVersion?: boolean | undefined;
  readonly LaunchTemplateData?:
    | {
        readonly UserData?: string | undefined;
        readonly MetadataOptions?:
          | {
              readonly HttpTokens?: string | undefined;
              readonly HttpPutResponseHopLimit?: number | undefined;
            }
          | undefined;
      }
    | undefined;
}

function templateFacts(
  nodegroup: string,
  template: string,
  used: string,
  versions: readonly TemplateVersion[],
): LaunchTemplateFacts {
  const standard = versions.find((version) => version.DefaultVersion)?.VersionNumber;
  const latest = Math.max(...versions.map((version) => version.VersionNumber ?? 0));
  const number = used === "$Default" ? standard : used === "$Latest" ? latest : Number(used);
  const data = versions.find((version) => version.VersionNumber === number)?.LaunchTemplateData;
  const boots = bootsBy(data?.UserData);
  const { HttpTokens: httpTokens, HttpPutResponseHopLimit: hopLimit } = data?.MetadataOptions ?? {};
  return {
    nodegroup,
    template,
    exists: true,
    latestVersion: latest,
    ...(number === undefined ? {} : { version: number }),
    ...(standard === undefined ? {} : { defaultVersion: standard }),
    ...(boots === undefined ? {} : { boots }),
    ...(httpTokens === undefined ? {} : { httpTokens }),
    ...(hopLimit === undefined ? {} : { hopLimit }),
  };
}

/** What user data (base64) does; its text may hold secrets and goes no further. */
function bootsBy(userData: string | undefined): LaunchTemplateFacts["boots"] {
  if (!userData) return undefined;
  const text = Buffer.from(userData, "base64").toString("utf8");
  if (text.includes("/etc/eks/bootstrap.sh")) return "bootstrap.sh";
  return /node\.eks\.aws|kind:\s*NodeConfig/.test(text) ? "nodeadm" : "other";
}

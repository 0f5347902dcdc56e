import { AwsError, type Scope, type ServiceHandlers } from "../contract.ts";

/** EKS's default quotas with their codes (aws-facts: quotas); the simulated EKS has the same ones. */
interface Quota {
  readonly code: string;
  readonly name: string;
  readonly value: number;
}

const EKS: readonly Quota[] = [
  { code: "L-1194D53C", name: "Clusters", value: 100 },
  { code: "L-33415657", name: "Fargate profiles per cluster", value: 10 },
  { code: "L-6D54EA21", name: "Managed node groups per cluster", value: 30 },
  { code: "L-BD136A63", name: "Nodes per managed node group", value: 450 },
];

/** vCPUs of an account that has run clusters for a while; a new one has 5. */
const EC2: readonly Quota[] = [
  {
    code: "L-1216C47A",
    name: "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    value: 10_000,
  },
  {
    code: "L-34B43A08",
    name: "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests",
    value: 10_000,
  },
];

const SERVICES: Readonly<Record<string, { readonly title: string; readonly quotas: readonly Quota[] }>> = {
  eks: { title: "Amazon Elastic Kubernetes Service (Amazon EKS)", quotas: EKS },
  ec2: { title: "Amazon Elastic Compute Cloud (Amazon EC2)", quotas: EC2 },
};

/** Service Quotas: what it says of EKS and of EC2's vCPUs. Nothing can be raised here. */
export function createServiceQuotas(): ServiceHandlers<typeof import("@aws-sdk/client-service-quotas")> {
  const describe = (service: string, { code, name, value }: Quota, { account, region }: Scope) => ({
    ServiceCode: service,
    ServiceName: SERVICES[service]?.title ?? service,
    QuotaArn: `arn:aws:servicequotas:${region}:${account}:${service}/${code}`,
    QuotaCode: code,
    QuotaName: name,
    Value: value,
    Unit: "None",
    Adjustable: true,
    GlobalQuota: false,
  });
  return {
    GetServiceQuota: (input, scope) => {
      const service = input.ServiceCode ?? "";
      const quota = SERVICES[service]?.quotas.find(({ code }) => code === input.QuotaCode);
      if (!quota)
        throw new AwsError(
          "NoSuchResourceException",
          "The request failed because the specified service quota does not exist.",
        );
      return { Quota: describe(service, quota, scope) };
    },
    ListServiceQuotas: (input, scope) => ({
      Quotas: (SERVICES[input.ServiceCode ?? ""]?.quotas ?? []).map((quota) =>
        describe(input.ServiceCode ?? "", quota, scope),
      ),
    }),
  };
}

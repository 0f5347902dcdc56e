import { AwsError, type Scope, type ServiceHandlers } from "../contract.ts";

/** EKS's default quotas with their codes (aws-facts: quotas); the simulated EKS has the same ones. */
const EKS: readonly { readonly code: string; readonly name: string; readonly value: number }[] = [
  { code: "L-1194D53C", name: "Clusters", value: 100 },
  { code: "L-33415657", name: "Fargate profiles per cluster", value: 10 },
  { code: "L-6D54EA21", name: "Managed node groups per cluster", value: 30 },
  { code: "L-BD136A63", name: "Nodes per managed node group", value: 450 },
];

/** Service Quotas: what it says of EKS. Nothing can be raised here. */
export function createServiceQuotas(): ServiceHandlers<typeof import("@aws-sdk/client-service-quotas")> {
  const describe = ({ code, name, value }: (typeof EKS)[number], { account, region }: Scope) => ({
    ServiceCode: "eks",
    ServiceName: "Amazon Elastic Kubernetes Service (Amazon EKS)",
    QuotaArn: `arn:aws:servicequotas:${region}:${account}:eks/${code}`,
    QuotaCode: code,
    QuotaName: name,
    Value: value,
    Unit: "None",
    Adjustable: true,
    GlobalQuota: false,
  });
  return {
    GetServiceQuota: (input, scope) => {
      const quota =
        input.ServiceCode === "eks" ? EKS.find(({ code }) => code === input.QuotaCode) : undefined;
      if (!quota)
        throw new AwsError(
          "NoSuchResourceException",
          "The request failed because the specified service quota does not exist.",
        );
      return { Quota: describe(quota, scope) };
    },
    ListServiceQuotas: (input, scope) => ({
      Quotas: input.ServiceCode === "eks" ? EKS.map((quota) => describe(quota, scope)) : [],
    }),
  };
}

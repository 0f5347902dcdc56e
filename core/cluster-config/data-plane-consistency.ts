import type { InputProblem } from "../errors.ts";
import { isWindows } from "../provision/group-settings.ts";
import type { ClusterConfig } from "./schema.ts";

/** What the parts of a data plane need of one another. */
export function dataPlaneProblems(config: ClusterConfig): InputProblem[] {
  const problems: InputProblem[] = [];
  const windows = [
    ...(config.managedNodeGroups ?? []).map((group, i) => ({ group, at: `managedNodeGroups[${i}]` })),
    ...(config.nodeGroups ?? []).map((group, i) => ({ group, at: `nodeGroups[${i}]` })),
  ];
  const linux = windows.some(({ group }) => !isWindows(group)) || (config.fargateProfiles ?? []).length > 0;
  const first = windows.find(({ group }) => isWindows(group));
  if (first && !linux)
    problems.push({
      field: `${first.at}.amiFamily`,
      message:
        "CoreDNS needs Linux: a cluster with Windows nodes needs a Linux node group or a Fargate profile too",
    });
  if (first && config.kubernetesNetworkConfig?.ipFamily === "IPv6")
    problems.push({
      field: `${first.at}.amiFamily`,
      message: "Windows nodes cannot join a cluster with ipFamily IPv6",
    });
  if (first && config.iam?.vpcResourceControllerPolicy === false)
    problems.push({
      field: "iam.vpcResourceControllerPolicy",
      message: "cannot be off: the control plane gives Windows nodes their addresses with it",
    });
  if (config.autoModeConfig?.enabled === false && config.autoModeConfig.nodeRoleARN)
    problems.push({ field: "autoModeConfig.nodeRoleARN", message: "has no effect while Auto Mode is off" });
  if (config.autoModeConfig?.nodePools?.length === 0 && config.autoModeConfig.nodeRoleARN)
    problems.push({
      field: "autoModeConfig.nodeRoleARN",
      message: "EKS takes it only with node pools (nodePools is empty)",
    });
  return problems;
}

/** EKS takes one capability of each type. */
export function capabilityProblems(config: ClusterConfig): InputProblem[] {
  return (config.capabilities ?? []).flatMap((capability, i, all) => {
    const at = `capabilities[${i}]`;
    const problems: InputProblem[] = [];
    if (all.findIndex((other) => other.type === capability.type) < i)
      problems.push({ field: `${at}.type`, message: `EKS takes one capability of type ${capability.type}` });
    if (capability.type === "ARGOCD" && !capability.configuration?.argocd)
      problems.push({
        field: `${at}.configuration.argocd`,
        message: "required for type ARGOCD: who may sign in (awsIdc)",
      });
    if (capability.type !== "ARGOCD" && capability.configuration?.argocd)
      problems.push({
        field: `${at}.configuration.argocd`,
        message: `belongs to type ARGOCD, found ${capability.type}`,
      });
    if (capability.roleArn && (capability.attachPolicyARNs || capability.attachPolicy))
      problems.push({
        field: `${at}.roleArn`,
        message: "cannot stand beside policies: they are for a role of Slipway's",
      });
    return problems;
  });
}

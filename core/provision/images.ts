import { type AmiFamily, processorOf } from "../cluster-config/ami-type.ts";

/**
 * The public parameter of Systems Manager that names the newest image of a family (EKS user guide, "Retrieve
 * recommended AMI IDs"). CloudFormation reads it once when the stack is made: the group keeps that image until it
 * is rotated.
 */
export function imageParameter(family: AmiFamily, version: string, instanceType: string): string {
  const { arm, nvidia, neuron } = processorOf(instanceType);
  const cpu = arm ? "arm64" : "x86_64";
  const eks = `/aws/service/eks/optimized-ami/${version}`;
  const windows = /^WindowsServer(\d{4})(Full|Core)Container$/.exec(family);
  if (windows)
    return `/aws/service/ami-windows-latest/Windows_Server-${windows[1]}-English-${windows[2]}-EKS_Optimized-${version}/image_id`;
  switch (family) {
    case "Bottlerocket":
    case "BottlerocketFips": {
      const variant = `${nvidia ? "-nvidia" : ""}${family === "BottlerocketFips" ? "-fips" : ""}`;
      return `/aws/service/bottlerocket/aws-k8s-${version}${variant}/${cpu}/latest/image_id`;
    }
    case "AmazonLinux2": {
      const variant = nvidia || neuron ? "-gpu" : arm ? "-arm64" : "";
      return `${eks}/amazon-linux-2${variant}/recommended/image_id`;
    }
    default:
      return `${eks}/amazon-linux-2023/${cpu}/${nvidia ? "nvidia" : neuron ? "neuron" : "standard"}/recommended/image_id`;
  }
}

/** A value that CloudFormation reads from Systems Manager. */
export const dynamicReference = (parameter: string): string => `{{resolve:ssm:${parameter}}}`;

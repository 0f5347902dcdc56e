import type { AMI_FAMILIES } from "./nodegroups.ts";

export type AmiFamily = (typeof AMI_FAMILIES)[number];

const WINDOWS: Readonly<Partial<Record<AmiFamily, string>>> = {
  WindowsServer2019FullContainer: "WINDOWS_FULL_2019_x86_64",
  WindowsServer2019CoreContainer: "WINDOWS_CORE_2019_x86_64",
  WindowsServer2022FullContainer: "WINDOWS_FULL_2022_x86_64",
  WindowsServer2022CoreContainer: "WINDOWS_CORE_2022_x86_64",
  WindowsServer2025FullContainer: "WINDOWS_FULL_2025_x86_64",
  WindowsServer2025CoreContainer: "WINDOWS_CORE_2025_x86_64",
};

/**
 * EKS's AMI type for a family of eksctl and the processor of an instance type, told from its name: `g` among the
 * letters after the generation (m7g, c7gn, im4gn) and a1 are Arm; p and g families have NVIDIA cards, inf and
 * trn Neuron chips.
 */
export function amiTypeOf(family: AmiFamily, instanceType: string): string {
  const windows = WINDOWS[family];
  if (windows) return windows;
  const { arm, nvidia, neuron } = processorOf(instanceType);
  const cpu = arm ? "ARM_64" : "x86_64";
  switch (family) {
    case "AmazonLinux2":
      return nvidia || neuron ? "AL2_x86_64_GPU" : arm ? "AL2_ARM_64" : "AL2_x86_64";
    case "Bottlerocket":
      return `BOTTLEROCKET_${cpu}${nvidia ? "_NVIDIA" : ""}`;
    default:
      return `AL2023_${cpu}_${nvidia ? "NVIDIA" : neuron ? "NEURON" : "STANDARD"}`;
  }
}

/** What runs in an instance type, as far as its name says. */
export function processorOf(instanceType: string): { arm: boolean; nvidia: boolean; neuron: boolean } {
  const [, letters = "", attributes = ""] = /^([a-z]+)\d+([a-z]*)/.exec(instanceType) ?? [];
  return {
    arm: letters === "a" || attributes.includes("g"),
    nvidia: letters === "p" || (letters === "g" && !attributes.includes("ad")),
    neuron: letters === "inf" || letters === "trn",
  };
}

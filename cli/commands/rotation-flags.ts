import type { Command } from "commander";
import { CliError, EXIT } from "../errors.ts";
import type { ChangeFlags } from "./change.ts";

/** Flags of `rotate` that say what new nodes shall have. */
export interface RotationFlags extends ChangeFlags {
  readonly instanceTypes?: string;
  readonly amiFamily?: string;
  readonly capacityType?: string;
  readonly subnets?: string;
  readonly labels?: string;
  readonly taints?: string;
  readonly launchTemplate?: string;
}

export const rotationFlags = (command: Command): Command =>
  command
    .option("--instance-types <types>", "instance types of the new nodes: m6i.large,m5.large")
    .option("--ami-family <family>", "AMI family of the new nodes: AL2023, Bottlerocket, ...")
    .option("--capacity-type <type>", "ON_DEMAND or SPOT")
    .option("--subnets <subnets>", "subnets of the new nodes, by id or by name in the file")
    .option("--labels <labels>", "labels to set: key=value,... ; key- takes one away")
    .option("--taints <taints>", "all taints of the new nodes: key=value:Effect,... ; none takes all away")
    .option("--launch-template <template>", "launch template, ID or ID:VERSION (managed groups)");

const list = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

const bad = (flag: string, part: string, expected: string): CliError =>
  new CliError(`${flag}: expected ${expected}, found "${part}"`, EXIT.badInput);

/** The body of the request; the API checks the values. Throws CliError for what cannot be read. */
export function rotationChange(flags: RotationFlags): Readonly<Record<string, unknown>> {
  const { amiFamily, capacityType } = flags;
  return {
    ...(flags.instanceTypes === undefined ? {} : { instanceTypes: list(flags.instanceTypes) }),
    ...(amiFamily === undefined ? {} : { amiFamily }),
    ...(capacityType === undefined ? {} : { capacityType: capacityType.toUpperCase().replace("-", "_") }),
    ...(flags.subnets === undefined ? {} : { subnets: list(flags.subnets) }),
    ...(flags.labels === undefined ? {} : { labels: labelsOf(flags.labels) }),
    ...(flags.taints === undefined ? {} : { taints: taintsOf(flags.taints) }),
    ...(flags.launchTemplate === undefined ? {} : { launchTemplate: templateOf(flags.launchTemplate) }),
  };
}

const labelsOf = (text: string): Record<string, string | null> =>
  Object.fromEntries(
    list(text).map((part) => {
      const [, key, value] = /^([^=]+?)(?:=(.*)|-)$/.exec(part) ?? [];
      if (key === undefined) throw bad("--labels", part, "key=value, or key- to take a label away");
      return [key, value ?? null] as const;
    }),
  );

function taintsOf(text: string): object[] {
  if (text.trim() === "none") return [];
  return list(text).map((part) => {
    const [, key, value, effect] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(part) ?? [];
    if (key === undefined) throw bad("--taints", part, "key=value:Effect or key:Effect");
    return { key, ...(value ? { value } : {}), effect };
  });
}

function templateOf(text: string): object {
  const [id = "", version] = text.split(":");
  return { id, ...(version ? { version } : {}) };
}

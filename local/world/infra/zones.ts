import { createHash } from "node:crypto";
import type { Place } from "../infra-contract.ts";

/** Letters of the zones that every simulated region has by itself. */
const LETTERS = ["a", "b", "c"] as const;

/** Regions with zones beside those; `Fn::GetAZs` and the default VPC keep to the first three. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  "us-east-1": ["d", "e", "f"],
  "us-west-2": ["d"],
  "ap-northeast-1": ["d"],
  "ap-northeast-2": ["d"],
  "ca-central-1": ["d"],
};

export const zonesOf = (region: string): string[] => LETTERS.map((letter) => `${region}${letter}`);

/** Every zone that a subnet can be in. */
export const allZonesOf = (region: string): string[] =>
  [...LETTERS, ...(MORE[region] ?? [])].map((letter) => `${region}${letter}`);

const DIRECTIONS: Readonly<Record<string, string>> = {
  north: "n",
  south: "s",
  east: "e",
  west: "w",
  central: "c",
  northeast: "ne",
  northwest: "nw",
  southeast: "se",
  southwest: "sw",
};

/** `eu-west-1b` -> `euw1-az2`. AWS shuffles the letters per account; here they follow the alphabet. */
export function zoneId(zone: string): string {
  const region = zone.slice(0, -1);
  const parts = region.split("-");
  const number = parts.pop() ?? "1";
  const [area = "", ...direction] = parts;
  const short = direction.map((word) => DIRECTIONS[word] ?? word).join("");
  return `${area}${short}${number}-az${zone.charCodeAt(zone.length - 1) - 96}`;
}

/** An id that is the same in every run: `vpc-` and 17 digits made from place and name. */
export function fixedId(prefix: string, place: Place, name: string): string {
  const digest = createHash("sha256").update(`${place.account}/${place.region}/${name}`).digest("hex");
  return `${prefix}-0${digest.slice(0, 16)}`;
}

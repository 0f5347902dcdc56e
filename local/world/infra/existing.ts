import type { Place } from "../infra-contract.ts";
import { address, cidrText, parseCidr, usable } from "./cidr.ts";
import { ensureDefaultVpc } from "./default-vpc.ts";
import type { ImageDocument } from "./images.ts";
import { type InfraState, keyOf, placeOf } from "./state.ts";
import { fixedId, zonesOf } from "./zones.ts";

/** Things of an account that were there before the simulation: by the ids that people's files name. */
export interface ExistingThings {
  readonly vpc?: {
    readonly id?: string | undefined;
    readonly cidr?: string | undefined;
    readonly subnets: readonly {
      readonly id?: string | undefined;
      readonly cidr?: string | undefined;
      readonly zone?: string | undefined;
      readonly public: boolean;
    }[];
  };
  readonly securityGroups: readonly string[];
  readonly launchTemplates: readonly { readonly id: string; readonly version?: string | undefined }[];
  readonly images: readonly Omit<ImageDocument, "account" | "region">[];
}

const CIDR = "192.168.0.0/16";
/** Size of the subnets whose block nobody told. */
const PREFIX = 19;

/** Adds what is not there yet. Returns the ids of what was added. */
export function bringIn(state: InfraState, scope: Place, things: ExistingThings, now: number): string[] {
  const place = placeOf(scope);
  ensureDefaultVpc(state, place);
  const added: string[] = [];
  const { vpc } = things;
  const vpcId = vpc && network(state, place, vpc, added);
  for (const groupId of things.securityGroups) {
    if (state.securityGroups.has(keyOf(place, groupId))) continue;
    state.securityGroups.set(keyOf(place, groupId), {
      ...place,
      groupId,
      groupName: groupId,
      description: "there before",
      vpcId: vpcId ?? fixedId("vpc", place, "default"),
      ingress: [],
      egress: [{ protocol: "-1", cidr: "0.0.0.0/0" }],
      tags: {},
    });
    added.push(groupId);
  }
  for (const { id, version = "1" } of things.launchTemplates) {
    if (state.launchTemplates.has(keyOf(place, id))) continue;
    state.launchTemplates.set(keyOf(place, id), {
      ...place,
      launchTemplateId: id,
      launchTemplateName: `there-before-${id}`,
      createdAt: now,
      createdBy: `arn:aws:iam::${place.account}:root`,
      defaultVersion: 1,
      versions: Array.from({ length: Number(version) || 1 }, (_, i) => ({
        version: i + 1,
        createdAt: now,
        data: {},
      })),
      tags: {},
    });
    added.push(id);
  }
  for (const image of things.images) {
    if (state.images.has(keyOf(place, image.imageId))) continue;
    state.images.set(keyOf(place, image.imageId), { ...place, ...image });
    added.push(image.imageId);
  }
  return added;
}

function network(
  state: InfraState,
  place: Place,
  vpc: NonNullable<ExistingThings["vpc"]>,
  added: string[],
): string {
  const known = vpc.subnets
    .map(({ id }) => (id === undefined ? undefined : state.subnets.get(keyOf(place, id))?.vpcId))
    .find((id) => id !== undefined);
  const vpcId = vpc.id ?? known ?? fixedId("vpc", place, vpc.subnets.map(({ id }) => id ?? "").join());
  const cidr = state.vpcs.get(keyOf(place, vpcId))?.cidr ?? vpc.cidr ?? CIDR;
  if (!state.vpcs.has(keyOf(place, vpcId))) {
    state.vpcs.set(keyOf(place, vpcId), {
      ...place,
      vpcId,
      cidr,
      isDefault: false,
      dnsSupport: true,
      dnsHostnames: true,
      tags: {},
    });
    added.push(vpcId);
  }
  const inVpc = [...state.subnets.values()].filter((subnet) => subnet.vpcId === vpcId);
  const taken = new Set([...inVpc, ...vpc.subnets].flatMap((subnet) => subnet.cidr ?? []));
  const zones = zonesOf(place.region);
  vpc.subnets.forEach((wanted, i) => {
    const block = wanted.cidr ?? freeBlock(cidr, taken);
    const subnetId = wanted.id ?? fixedId("subnet", place, `${vpcId}/${block}`);
    if (
      state.subnets.has(keyOf(place, subnetId)) ||
      inVpc.some((subnet) => !wanted.id && subnet.cidr === block)
    )
      return;
    taken.add(block);
    state.subnets.set(keyOf(place, subnetId), {
      ...place,
      subnetId,
      vpcId,
      // A zone of another region is that of the same letter.
      zone: wanted.zone?.startsWith(place.region) ? wanted.zone : zoneOf(wanted.zone, zones, i),
      cidr: block,
      freeIps: usable(parseCidr(block)),
      public: wanted.public,
      mapPublicIp: wanted.public,
      isDefault: false,
      cursor: 0,
      tags: {},
    });
    added.push(subnetId);
  });
  return vpcId;
}

const zoneOf = (zone: string | undefined, zones: readonly string[], index: number): string =>
  zones.find((name) => zone !== undefined && name.at(-1) === zone.at(-1)) ??
  zones[index % zones.length] ??
  "";

function freeBlock(cidr: string, taken: ReadonlySet<string>): string {
  const { base, size, prefix } = parseCidr(cidr);
  const bits = Math.min(28, Math.max(PREFIX, prefix + 3));
  for (let at = base; at < base + size; at += 2 ** (32 - bits)) {
    const block = cidrText({ base: at, prefix: bits });
    if (!taken.has(block)) return block;
  }
  return `${address(base)}/${bits}`;
}

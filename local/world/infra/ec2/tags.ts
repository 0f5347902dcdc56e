import type * as ec2 from "@aws-sdk/client-ec2";
import { AwsError, type ServiceHandlers } from "../../../aws/contract.ts";
import type { DurableMap } from "../../../kernel/durable.ts";
import type { Place } from "../../infra-contract.ts";
import { ensureDefaultVpc } from "../default-vpc.ts";
import { type InfraState, keyOf, type Tags } from "../state.ts";
import { tagsOf } from "./listing.ts";

/** CreateTags and DeleteTags on whatever resource the id belongs to. */
export function tagHandlers(state: InfraState) {
  const maps: Readonly<Record<string, DurableMap<{ tags: Tags }>>> = {
    vpc: state.vpcs,
    subnet: state.subnets,
    sg: state.securityGroups,
    igw: state.internetGateways,
    rtb: state.routeTables,
    nat: state.natGateways,
    eipalloc: state.elasticIps,
    lt: state.launchTemplates,
    i: state.instances,
  } as unknown as Record<string, DurableMap<{ tags: Tags }>>;

  function change(place: Place, ids: readonly string[], how: (tags: Tags) => void): void {
    ensureDefaultVpc(state, place);
    // All ids are looked up first: with one unknown, nothing is tagged.
    const found = ids.map((id) => {
      const prefix = id.slice(0, id.indexOf("-"));
      const map = Object.hasOwn(maps, prefix) ? maps[prefix] : undefined;
      const document = map?.get(keyOf(place, id));
      if (!map || !document) throw new AwsError("InvalidID", `The ID '${id}' is not valid`);
      return { map, document, key: keyOf(place, id) };
    });
    for (const { map, document, key } of found) {
      how(document.tags);
      map.touch(key);
    }
  }

  return {
    CreateTags(input, scope) {
      change(scope, input.Resources ?? [], (tags) => Object.assign(tags, tagsOf(input.Tags)));
      return {};
    },
    DeleteTags(input, scope) {
      change(scope, input.Resources ?? [], (tags) => {
        for (const { Key = "", Value } of input.Tags ?? [])
          if (Value === undefined || tags[Key] === Value) delete tags[Key];
      });
      return {};
    },
  } satisfies ServiceHandlers<typeof ec2>;
}

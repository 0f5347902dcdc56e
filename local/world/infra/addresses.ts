import type { Faults } from "../faults.ts";
import type { Place } from "../infra-contract.ts";
import { address, parseCidr, usable } from "./cidr.ts";
import { type InfraState, keyOf, type SubnetDocument } from "./state.ts";

/**
 * The free addresses of each subnet. A machine holds one address of its own, and the network plugin keeps
 * those of its first interface ready for pods. An interface attached later, as pods fill the first, is not
 * modelled.
 */
export interface Addresses {
  /** Free addresses now; 0 while the fault `SubnetWithoutIps` holds for the subnet. */
  free(subnet: SubnetDocument): number;
  /** Takes one address and says which; undefined when none is free. */
  takeOne(subnet: SubnetDocument): string | undefined;
  /** Takes up to `wanted` without saying which; returns how many there were. */
  take(subnet: SubnetDocument, wanted: number): number;
  /** Gives back `count` addresses, among them `ip`. A subnet that is gone takes nothing back. */
  release(place: Place, subnetId: string, count: number, ip?: string): void;
}

/** A fault that holds as long as it is injected, asked for without using one of its times up. */
export const holds = (faults: Faults, name: string, subject: string): boolean =>
  faults.list().some((f) => f.name === name && (f.subject === undefined || subject.includes(f.subject)));

export function createAddresses(state: InfraState, faults: Faults): Addresses {
  // Which host numbers are given is worked out again from machines and gateways after a restart.
  const given = new Map<string, Set<number>>();
  const givenIn = (key: string): Set<number> => {
    let set = given.get(key);
    if (!set) {
      set = new Set();
      given.set(key, set);
    }
    return set;
  };
  const hostNumber = (subnet: SubnetDocument, ip: string): number =>
    parseCidr(`${ip}/32`).base - parseCidr(subnet.cidr).base;
  const remember = (holder: Place & { subnetId: string; privateIp: string }): void => {
    const subnet = state.subnets.get(keyOf(holder, holder.subnetId));
    if (subnet) givenIn(keyOf(subnet, subnet.subnetId)).add(hostNumber(subnet, holder.privateIp));
  };
  for (const instance of state.instances.values()) if (instance.state !== "terminated") remember(instance);
  for (const gateway of state.natGateways.values()) if (gateway.deletedAt === undefined) remember(gateway);

  const free = (subnet: SubnetDocument): number =>
    holds(faults, "SubnetWithoutIps", `subnet/${subnet.subnetId} zone/${subnet.zone}`) ? 0 : subnet.freeIps;

  return {
    free,
    takeOne(subnet) {
      if (free(subnet) < 1) return undefined;
      const key = keyOf(subnet, subnet.subnetId);
      const block = parseCidr(subnet.cidr);
      const taken = givenIn(key);
      const count = usable(block);
      let host = subnet.cursor;
      // Fewer are given by name than are free in all, so that the search ends.
      while (taken.has(4 + (host % count))) host++;
      const number = 4 + (host % count);
      taken.add(number);
      subnet.cursor = (host + 1) % count;
      subnet.freeIps--;
      state.subnets.touch(key);
      return address(block.base + number);
    },
    take(subnet, wanted) {
      const count = Math.max(0, Math.min(wanted, free(subnet)));
      if (count === 0) return 0;
      subnet.freeIps -= count;
      state.subnets.touch(keyOf(subnet, subnet.subnetId));
      return count;
    },
    release(place, subnetId, count, ip) {
      const key = keyOf(place, subnetId);
      const subnet = state.subnets.get(key);
      if (!subnet) {
        given.delete(key);
        return;
      }
      if (ip !== undefined) givenIn(key).delete(hostNumber(subnet, ip));
      subnet.freeIps += count;
      state.subnets.touch(key);
    },
  };
}

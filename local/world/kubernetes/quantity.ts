const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

const QUANTITY = /^([+-]?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)(n|u|m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi|)$/;

/** A resource quantity (`250m`, `1.5Gi`, `2`) as a number; undefined when it is none. */
export function parseQuantity(value: string | number): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  const match = QUANTITY.exec(value);
  if (!match) return undefined;
  return Number(match[1]) * (SUFFIXES[match[2] ?? ""] ?? 1);
}

export interface Room {
  /** Thousandths of a core. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

const requestsByContainers = new WeakMap<object, Room>();

interface WithRequests {
  readonly resources?: { readonly requests?: Readonly<Record<string, string | number>> };
}

/** What the containers of a pod ask for together. Pods of a template share their containers: worked out once. */
export function requestsOf(containers: readonly WithRequests[]): Room {
  const known = requestsByContainers.get(containers);
  if (known) return known;
  let cpu = 0;
  let memory = 0;
  for (const c of containers) {
    cpu += Math.round((parseQuantity(c.resources?.requests?.cpu ?? 0) ?? 0) * 1000);
    memory += parseQuantity(c.resources?.requests?.memory ?? 0) ?? 0;
  }
  const room = { cpu, memory };
  requestsByContainers.set(containers, room);
  return room;
}

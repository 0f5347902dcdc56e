/** What the simulation knows of an instance type. Sizes from EC2's public instance type tables. */
export interface InstanceType {
  readonly name: string;
  readonly architecture: "amd64" | "arm64";
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly interfaces: number;
  readonly addressesPerInterface: number;
  /** Pods that the EKS images allow: one address each on all interfaces, and two on the host network. */
  readonly maxPods: number;
}

/** Size: vCPUs, network interfaces, addresses on each. */
type Size = readonly [vcpus: number, interfaces: number, addresses: number];

const SIZES: Readonly<Record<string, Size>> = {
  large: [2, 3, 10],
  xlarge: [4, 4, 15],
  "2xlarge": [8, 4, 15],
  "4xlarge": [16, 8, 30],
  "8xlarge": [32, 8, 30],
  "12xlarge": [48, 8, 30],
  "16xlarge": [64, 15, 50],
  "24xlarge": [96, 15, 50],
};

const MEDIUM: Readonly<Record<string, Size>> = { medium: [1, 2, 4] };

/** Family: GiB of memory for each vCPU; arm64 families also come as `medium`. */
const FAMILIES: Readonly<Record<string, { readonly gibPerVcpu: number; readonly arm?: true }>> = {
  m5: { gibPerVcpu: 4 },
  m5a: { gibPerVcpu: 4 },
  m6i: { gibPerVcpu: 4 },
  m6a: { gibPerVcpu: 4 },
  m7i: { gibPerVcpu: 4 },
  m7a: { gibPerVcpu: 4 },
  m6g: { gibPerVcpu: 4, arm: true },
  m7g: { gibPerVcpu: 4, arm: true },
  c5: { gibPerVcpu: 2 },
  c6i: { gibPerVcpu: 2 },
  c6a: { gibPerVcpu: 2 },
  c7i: { gibPerVcpu: 2 },
  c6g: { gibPerVcpu: 2, arm: true },
  c7g: { gibPerVcpu: 2, arm: true },
  r5: { gibPerVcpu: 8 },
  r6i: { gibPerVcpu: 8 },
  r7i: { gibPerVcpu: 8 },
  r6g: { gibPerVcpu: 8, arm: true },
  r7g: { gibPerVcpu: 8, arm: true },
};

/** Burstable: vCPUs, GiB, interfaces, addresses. */
const BURSTABLE: Readonly<Record<string, readonly [number, number, number, number]>> = {
  nano: [2, 0.5, 2, 2],
  micro: [2, 1, 2, 2],
  small: [2, 2, 3, 4],
  medium: [2, 4, 3, 6],
  large: [2, 8, 3, 12],
  xlarge: [4, 16, 4, 15],
  "2xlarge": [8, 32, 4, 15],
};

/** With GPUs: vCPUs, GiB, interfaces, addresses, GPUs. */
const ACCELERATED: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  "g4dn.xlarge": [4, 16, 3, 10, 1],
  "g4dn.2xlarge": [8, 32, 3, 10, 1],
  "g4dn.12xlarge": [48, 192, 8, 30, 4],
  "g5.xlarge": [4, 16, 4, 15, 1],
  "g5.2xlarge": [8, 32, 4, 15, 1],
  "g5.4xlarge": [16, 64, 8, 30, 1],
  "g5.12xlarge": [48, 192, 15, 50, 4],
  "g6.xlarge": [4, 16, 4, 15, 1],
  "g6.2xlarge": [8, 32, 4, 15, 1],
  "p3.2xlarge": [8, 61, 4, 15, 1],
};

function define(
  name: string,
  architecture: InstanceType["architecture"],
  [vcpus, gib, interfaces, addressesPerInterface, gpus]: readonly [number, number, number, number, number],
): InstanceType {
  // The EKS images stop at 110 pods below 30 vCPUs, as Kubernetes' scalability thresholds advise, and at 250 above.
  const cap = vcpus < 30 ? 110 : 250;
  const maxPods = Math.min(cap, interfaces * (addressesPerInterface - 1) + 2);
  return {
    name,
    architecture,
    vcpus,
    memoryMiB: gib * 1024,
    gpus,
    interfaces,
    addressesPerInterface,
    maxPods,
  };
}

function catalogue(): Map<string, InstanceType> {
  const types: InstanceType[] = [];
  for (const [family, { gibPerVcpu, arm }] of Object.entries(FAMILIES)) {
    for (const [size, [vcpus, interfaces, addresses]] of Object.entries(
      arm ? { ...MEDIUM, ...SIZES } : SIZES,
    ))
      types.push(
        define(`${family}.${size}`, arm ? "arm64" : "amd64", [
          vcpus,
          vcpus * gibPerVcpu,
          interfaces,
          addresses,
          0,
        ]),
      );
  }
  for (const [family, architecture] of [
    ["t3", "amd64"],
    ["t3a", "amd64"],
    ["t4g", "arm64"],
  ] as const)
    for (const [size, shape] of Object.entries(BURSTABLE))
      types.push(define(`${family}.${size}`, architecture, [...shape, 0]));
  for (const [name, shape] of Object.entries(ACCELERATED)) types.push(define(name, "amd64", shape));
  return new Map(types.map((type) => [type.name, type]));
}

/** Instance types by name, in a fixed order. */
export const INSTANCE_TYPES: ReadonlyMap<string, InstanceType> = catalogue();

/** What the simulation knows of an instance type. Sizes from EC2's public instance type tables. */
export interface InstanceType {
  readonly name: string;
  readonly architecture: "amd64" | "arm64";
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly gpus: number;
  readonly neuronDevices: number;
  /** Whether EC2 counts it to the current generation. */
  readonly current: boolean;
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

/** Family: GiB of memory for each vCPU; arm64 families also come as `medium`; `old` ones are no current generation. */
const FAMILIES: Readonly<
  Record<string, { readonly gibPerVcpu: number; readonly arm?: true; readonly old?: true }>
> = {
  m3: { gibPerVcpu: 3.75, old: true },
  m4: { gibPerVcpu: 4, old: true },
  m5: { gibPerVcpu: 4 },
  m5a: { gibPerVcpu: 4 },
  m5ad: { gibPerVcpu: 4 },
  m5d: { gibPerVcpu: 4 },
  m5dn: { gibPerVcpu: 4 },
  m5n: { gibPerVcpu: 4 },
  m5zn: { gibPerVcpu: 4 },
  m6i: { gibPerVcpu: 4 },
  m6id: { gibPerVcpu: 4 },
  m6in: { gibPerVcpu: 4 },
  m6a: { gibPerVcpu: 4 },
  m7i: { gibPerVcpu: 4 },
  "m7i-flex": { gibPerVcpu: 4 },
  m7a: { gibPerVcpu: 4 },
  m8i: { gibPerVcpu: 4 },
  m6g: { gibPerVcpu: 4, arm: true },
  m6gd: { gibPerVcpu: 4, arm: true },
  m7g: { gibPerVcpu: 4, arm: true },
  m7gd: { gibPerVcpu: 4, arm: true },
  m8g: { gibPerVcpu: 4, arm: true },
  a1: { gibPerVcpu: 2, arm: true },
  c3: { gibPerVcpu: 1.875, old: true },
  c4: { gibPerVcpu: 1.875, old: true },
  c5: { gibPerVcpu: 2 },
  c5a: { gibPerVcpu: 2 },
  c5ad: { gibPerVcpu: 2 },
  c5d: { gibPerVcpu: 2 },
  c5n: { gibPerVcpu: 2.625 },
  c6i: { gibPerVcpu: 2 },
  c6id: { gibPerVcpu: 2 },
  c6in: { gibPerVcpu: 2 },
  c6a: { gibPerVcpu: 2 },
  c7i: { gibPerVcpu: 2 },
  "c7i-flex": { gibPerVcpu: 2 },
  c7a: { gibPerVcpu: 2 },
  c6g: { gibPerVcpu: 2, arm: true },
  c6gd: { gibPerVcpu: 2, arm: true },
  c6gn: { gibPerVcpu: 2, arm: true },
  c7g: { gibPerVcpu: 2, arm: true },
  c7gn: { gibPerVcpu: 2, arm: true },
  c8g: { gibPerVcpu: 2, arm: true },
  r3: { gibPerVcpu: 7.625, old: true },
  r4: { gibPerVcpu: 7.625, old: true },
  r5: { gibPerVcpu: 8 },
  r5a: { gibPerVcpu: 8 },
  r5ad: { gibPerVcpu: 8 },
  r5b: { gibPerVcpu: 8 },
  r5d: { gibPerVcpu: 8 },
  r5dn: { gibPerVcpu: 8 },
  r5n: { gibPerVcpu: 8 },
  r6i: { gibPerVcpu: 8 },
  r6id: { gibPerVcpu: 8 },
  r6a: { gibPerVcpu: 8 },
  r7i: { gibPerVcpu: 8 },
  r7a: { gibPerVcpu: 8 },
  r6g: { gibPerVcpu: 8, arm: true },
  r6gd: { gibPerVcpu: 8, arm: true },
  r7g: { gibPerVcpu: 8, arm: true },
  r8g: { gibPerVcpu: 8, arm: true },
  i3: { gibPerVcpu: 7.625 },
  i3en: { gibPerVcpu: 8 },
  i4i: { gibPerVcpu: 8 },
  d3: { gibPerVcpu: 8 },
  z1d: { gibPerVcpu: 8 },
  x2idn: { gibPerVcpu: 16 },
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

/** The first burstable ones have half as many vCPUs up to `small`. */
const BURSTABLE_OF_2014: typeof BURSTABLE = {
  ...BURSTABLE,
  nano: [1, 0.5, 2, 2],
  micro: [1, 1, 2, 2],
  small: [1, 2, 3, 4],
};

/** With GPUs or Neuron chips: vCPUs, GiB, interfaces, addresses, GPUs, Neuron devices. */
const ACCELERATED: Readonly<Record<string, readonly [number, number, number, number, number, number?]>> = {
  "g4dn.xlarge": [4, 16, 3, 10, 1],
  "g4dn.2xlarge": [8, 32, 3, 10, 1],
  "g4dn.4xlarge": [16, 64, 3, 10, 1],
  "g4dn.8xlarge": [32, 128, 4, 15, 1],
  "g4dn.12xlarge": [48, 192, 8, 30, 4],
  "g5.xlarge": [4, 16, 4, 15, 1],
  "g5.2xlarge": [8, 32, 4, 15, 1],
  "g5.4xlarge": [16, 64, 8, 30, 1],
  "g5.8xlarge": [32, 128, 8, 30, 1],
  "g5.12xlarge": [48, 192, 15, 50, 4],
  "g5.24xlarge": [96, 384, 15, 50, 4],
  "g5.48xlarge": [192, 768, 7, 50, 8],
  "g6.xlarge": [4, 16, 4, 15, 1],
  "g6.2xlarge": [8, 32, 4, 15, 1],
  "g6.12xlarge": [48, 192, 8, 30, 4],
  "g6e.xlarge": [4, 32, 4, 15, 1],
  "p2.xlarge": [4, 61, 4, 15, 1],
  "p2.8xlarge": [32, 488, 8, 30, 8],
  "p2.16xlarge": [64, 732, 8, 30, 16],
  "p3.2xlarge": [8, 61, 4, 15, 1],
  "p3.8xlarge": [32, 244, 8, 30, 4],
  "p3.16xlarge": [64, 488, 8, 30, 8],
  "p3dn.24xlarge": [96, 768, 15, 50, 8],
  "p4d.24xlarge": [96, 1152, 15, 50, 8],
  "p4de.24xlarge": [96, 1152, 15, 50, 8],
  "p5.48xlarge": [192, 2048, 15, 50, 8],
  "p5en.48xlarge": [192, 2048, 15, 50, 8],
  "inf1.xlarge": [4, 8, 4, 10, 0, 1],
  "inf1.2xlarge": [8, 16, 4, 10, 0, 1],
  "inf1.6xlarge": [24, 48, 8, 30, 0, 4],
  "inf1.24xlarge": [96, 192, 11, 30, 0, 16],
  "inf2.xlarge": [4, 16, 4, 15, 0, 1],
  "inf2.8xlarge": [32, 128, 8, 30, 0, 1],
  "inf2.24xlarge": [96, 384, 15, 50, 0, 6],
  "inf2.48xlarge": [192, 768, 15, 50, 0, 12],
  "trn1.2xlarge": [8, 32, 4, 15, 0, 1],
  "trn1.32xlarge": [128, 512, 5, 50, 0, 16],
  "trn2.48xlarge": [192, 2048, 16, 50, 0, 16],
};

/** Sizes of single families that the common table does not have. */
const SPECIAL: Readonly<Record<string, readonly [number, number, number, number]>> = {
  "c5.9xlarge": [36, 72, 8, 30],
  "c5.18xlarge": [72, 144, 15, 50],
  "c5d.18xlarge": [72, 144, 15, 50],
  "c5n.9xlarge": [36, 96, 8, 30],
  "c5n.18xlarge": [72, 192, 15, 50],
  "c4.8xlarge": [36, 60, 8, 30],
  "m4.10xlarge": [40, 160, 8, 30],
  "m6i.32xlarge": [128, 512, 15, 50],
  "c6i.32xlarge": [128, 256, 15, 50],
  "c6a.48xlarge": [192, 384, 15, 50],
  "m6a.48xlarge": [192, 768, 15, 50],
  "m7i.48xlarge": [192, 768, 15, 50],
  "hpc6a.48xlarge": [96, 384, 2, 50],
  "hpc7a.96xlarge": [192, 768, 4, 50],
};

function define(
  name: string,
  architecture: InstanceType["architecture"],
  [vcpus, gib, interfaces, addressesPerInterface, gpus, neuronDevices = 0]: readonly [
    number,
    number,
    number,
    number,
    number,
    number?,
  ],
  current = true,
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
    neuronDevices,
    current,
    interfaces,
    addressesPerInterface,
    maxPods,
  };
}

function catalogue(): Map<string, InstanceType> {
  const types: InstanceType[] = [];
  for (const [family, { gibPerVcpu, arm, old }] of Object.entries(FAMILIES)) {
    for (const [size, [vcpus, interfaces, addresses]] of Object.entries(
      arm ? { ...MEDIUM, ...SIZES } : SIZES,
    ))
      types.push(
        define(
          `${family}.${size}`,
          arm ? "arm64" : "amd64",
          [vcpus, vcpus * gibPerVcpu, interfaces, addresses, 0],
          !old,
        ),
      );
  }
  for (const [family, architecture] of [
    ["t3", "amd64"],
    ["t3a", "amd64"],
    ["t4g", "arm64"],
  ] as const)
    for (const [size, shape] of Object.entries(BURSTABLE))
      types.push(define(`${family}.${size}`, architecture, [...shape, 0]));
  for (const [size, shape] of Object.entries(BURSTABLE_OF_2014))
    types.push(define(`t2.${size}`, "amd64", [...shape, 0], false));
  for (const [name, shape] of Object.entries(SPECIAL)) types.push(define(name, "amd64", [...shape, 0]));
  for (const [name, shape] of Object.entries(ACCELERATED)) types.push(define(name, "amd64", shape));
  return new Map(types.map((type) => [type.name, type]));
}

/** Instance types by name, in a fixed order. */
export const INSTANCE_TYPES: ReadonlyMap<string, InstanceType> = catalogue();

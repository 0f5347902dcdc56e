/** JSON schemas of the add-ons' configuration values, as DescribeAddonConfiguration gives them. */

export interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly pattern?: string;
}

const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const count: Schema = { type: "integer", minimum: 1 };
const free: Schema = { type: "object" };
const map: Schema = { type: "object", additionalProperties: { type: "string" } };
const quantity: Schema = { type: ["string", "number"] };

const amounts: Schema = {
  type: "object",
  properties: { cpu: quantity, memory: quantity },
  additionalProperties: false,
};
const scheduling = {
  affinity: free,
  nodeSelector: map,
  tolerations: { type: "array", items: free },
  resources: {
    type: "object",
    properties: { limits: amounts, requests: amounts },
    additionalProperties: false,
  },
} satisfies Record<string, Schema>;

const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: "object",
  properties,
  additionalProperties: false,
});

const csi = object({
  controller: object({ ...scheduling, replicaCount: count, extraVolumeTags: map, loggingFormat: text }),
  node: object({ ...scheduling, tolerateAllTaints: flag, volumeAttachLimit: count, loggingFormat: text }),
  sidecars: free,
});

const schemas: Readonly<Record<string, Schema>> = {
  "vpc-cni": object({
    ...scheduling,
    enableNetworkPolicy: text,
    enableWindowsIpam: text,
    enableWindowsPrefixDelegation: text,
    env: map,
    eniConfig: free,
    init: free,
    livenessProbeTimeoutSeconds: { type: "integer" },
    readinessProbeTimeoutSeconds: { type: "integer" },
    nodeAgent: free,
    podAnnotations: map,
    podLabels: map,
  }),
  coredns: object({
    ...scheduling,
    autoScaling: object({ enabled: flag, minReplicas: count, maxReplicas: count }),
    computeType: text,
    corefile: text,
    podAnnotations: map,
    podDisruptionBudget: object({ enabled: flag, maxUnavailable: count, minAvailable: count }),
    podLabels: map,
    replicaCount: count,
    topologySpreadConstraints: { type: "array", items: free },
  }),
  "kube-proxy": object({
    ...scheduling,
    ipvs: object({ scheduler: text }),
    mode: { type: "string", enum: ["iptables", "ipvs", "nftables"] },
    podAnnotations: map,
    podLabels: map,
  }),
  "aws-ebs-csi-driver": csi,
  "aws-efs-csi-driver": csi,
  "metrics-server": object({ ...scheduling, replicas: count, replicaCount: count, addonResizer: free }),
  "snapshot-controller": object({ ...scheduling, replicaCount: count }),
  "eks-pod-identity-agent": object({ ...scheduling, agent: free }),
  "eks-node-monitoring-agent": object({ ...scheduling, monitoringAgent: free, dcgmAgent: free }),
  "amazon-cloudwatch-observability": object({
    ...scheduling,
    agent: free,
    agents: { type: "array", items: free },
    containerLogs: free,
    manager: free,
  }),
};

/** The schema of an add-on; one without settings of its own takes none. */
export const addonSchema = (name: string): Schema => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  title: name,
  ...(schemas[name] ?? object({})),
});

const typeOf = (value: unknown): string => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
};

const fits = (actual: string, wanted: string): boolean =>
  actual === wanted || (wanted === "number" && actual === "integer");

/** What is wrong with `value`, in the words of the real service; empty when it fits. */
export function schemaProblems(schema: Schema, value: unknown, path = "$"): string[] {
  const actual = typeOf(value);
  const wanted = schema.type === undefined ? [] : [schema.type].flat();
  if (wanted.length > 0 && !wanted.some((type) => fits(actual, type)))
    return [`${path}: ${actual} found, ${wanted.join(" or ")} expected`];
  const problems: string[] = [];
  if (schema.enum && !schema.enum.includes(value))
    problems.push(`${path}: does not have a value in the enumeration [${schema.enum.join(", ")}]`);
  if (schema.minimum !== undefined && typeof value === "number" && value < schema.minimum)
    problems.push(`${path}: must have a minimum value of ${schema.minimum}`);
  if (Array.isArray(value) && schema.items)
    for (const [index, item] of value.entries())
      problems.push(...schemaProblems(schema.items, item, `${path}[${index}]`));
  if (actual === "object")
    for (const [key, member] of Object.entries(value as Record<string, unknown>)) {
      const known =
        schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
      if (known) problems.push(...schemaProblems(known, member, `${path}.${key}`));
      else if (schema.additionalProperties === false)
        problems.push(
          `${path}.${key}: is not defined in the schema and the schema does not allow additional properties`,
        );
      else if (typeof schema.additionalProperties === "object")
        problems.push(...schemaProblems(schema.additionalProperties, member, `${path}.${key}`));
    }
  return problems;
}

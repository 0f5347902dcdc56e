import * as z from "zod";
import type { KubeObject } from "../kubernetes-contract.ts";
import { invalid, type StatusCause } from "./errors.ts";
import type { LabelSelector } from "./objects.ts";
import { parseQuantity } from "./quantity.ts";
import {
  BUDGETS,
  CLAIMS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  NODES,
  PODS,
  REPLICA_SETS,
  type Resource,
  SERVICES,
  STATEFUL_SETS,
  VOLUMES,
} from "./resources.ts";
import { matchesSelector } from "./selectors.ts";

/**
 * What an object must look like for the controllers to work with it; the rest of it is stored as it is. Field
 * errors read as the API server writes them where it is the usual mistake, else they say what was expected.
 */
const strings = z.record(z.string(), z.string());
const quantities = z.record(
  z.string(),
  z.union([z.string(), z.number()]).refine((v) => parseQuantity(v) !== undefined, {
    error: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  }),
);
const count = z.int().min(0);
const countOrPercent = z.union([count, z.string().regex(/^[0-9]+%$/, "must be an integer or a percentage")]);
const requirement = z.looseObject({
  key: z.string().min(1),
  operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]),
  values: z.array(z.string()).optional(),
});
const nodeRequirement = requirement.extend({
  operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]),
});
const selector = z.looseObject({
  matchLabels: strings.optional(),
  matchExpressions: z.array(requirement).optional(),
});
const container = z.looseObject({
  name: z.string().min(1),
  image: z.string().optional(),
  resources: z.looseObject({ requests: quantities.nullish(), limits: quantities.nullish() }).nullish(),
  readinessProbe: z
    .looseObject({ initialDelaySeconds: z.number().optional(), periodSeconds: z.number().optional() })
    .nullish(),
});
const toleration = z.looseObject({
  key: z.string().optional(),
  operator: z.enum(["Exists", "Equal", ""]).optional(),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute", ""]).optional(),
  tolerationSeconds: z.int().nullish(),
});
const nodeTerms = z.array(
  z.looseObject({
    matchExpressions: z.array(nodeRequirement).optional(),
    matchFields: z.array(nodeRequirement).optional(),
  }),
);
const podTerms = z.looseObject({
  requiredDuringSchedulingIgnoredDuringExecution: z
    .array(z.looseObject({ topologyKey: z.string().min(1), labelSelector: selector.optional() }))
    .optional(),
});
const podSpec = z.looseObject({
  containers: z.array(container).min(1, "Required value"),
  initContainers: z.array(container).nullish(),
  nodeName: z.string().optional(),
  nodeSelector: strings.nullish(),
  tolerations: z.array(toleration).nullish(),
  terminationGracePeriodSeconds: z.int().min(0).nullish(),
  affinity: z
    .looseObject({
      nodeAffinity: z
        .looseObject({
          requiredDuringSchedulingIgnoredDuringExecution: z
            .looseObject({ nodeSelectorTerms: nodeTerms })
            .optional(),
        })
        .optional(),
      podAffinity: podTerms.optional(),
      podAntiAffinity: podTerms.optional(),
    })
    .nullish(),
  topologySpreadConstraints: z
    .array(
      z.looseObject({
        topologyKey: z.string().min(1),
        maxSkew: z.int().min(1).optional(),
        whenUnsatisfiable: z.enum(["DoNotSchedule", "ScheduleAnyway"]).optional(),
        labelSelector: selector.optional(),
      }),
    )
    .nullish(),
  volumes: z
    .array(
      z.looseObject({
        name: z.string().min(1),
        persistentVolumeClaim: z.looseObject({ claimName: z.string().min(1) }).optional(),
      }),
    )
    .nullish(),
});
const template = z.looseObject({
  metadata: z.looseObject({ labels: strings.optional() }).optional(),
  spec: podSpec,
});
const replicated = z.looseObject({ replicas: count.optional(), selector, template });
const rolling = z.looseObject({
  maxSurge: countOrPercent.optional(),
  maxUnavailable: countOrPercent.optional(),
});
const strategy = z.looseObject({ type: z.string().optional(), rollingUpdate: rolling.nullish() }).nullish();

const SHAPES: ReadonlyMap<Resource, z.ZodType> = new Map<Resource, z.ZodType>([
  [PODS, podSpec],
  [DEPLOYMENTS, replicated.extend({ strategy })],
  [REPLICA_SETS, replicated],
  [
    STATEFUL_SETS,
    replicated.extend({
      updateStrategy: z
        .looseObject({
          type: z.string().optional(),
          rollingUpdate: z.looseObject({ partition: count.optional() }).nullish(),
        })
        .nullish(),
      volumeClaimTemplates: z
        .array(
          z.looseObject({ metadata: z.looseObject({ name: z.string().min(1) }), spec: z.looseObject({}) }),
        )
        .nullish(),
    }),
  ],
  [DAEMON_SETS, replicated.extend({ updateStrategy: strategy })],
  [JOBS, z.looseObject({ parallelism: count.nullish(), completions: count.nullish(), template })],
  [
    BUDGETS,
    z
      .looseObject({
        minAvailable: countOrPercent.optional(),
        maxUnavailable: countOrPercent.optional(),
        selector: selector.nullish(),
        unhealthyPodEvictionPolicy: z.enum(["IfHealthyBudget", "AlwaysAllow"]).optional(),
      })
      .refine((s) => s.minAvailable === undefined || s.maxUnavailable === undefined, {
        error: "minAvailable and maxUnavailable cannot be both set",
      }),
  ],
  [
    NODES,
    z.looseObject({
      unschedulable: z.boolean().optional(),
      taints: z
        .array(
          z.looseObject({
            key: z.string().min(1),
            value: z.string().optional(),
            effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
          }),
        )
        .nullish(),
    }),
  ],
  [SERVICES, z.looseObject({ selector: strings.nullish() })],
  [CLAIMS, z.looseObject({ storageClassName: z.string().nullish(), volumeName: z.string().nullish() })],
  [
    VOLUMES,
    z.looseObject({
      nodeAffinity: z
        .looseObject({ required: z.looseObject({ nodeSelectorTerms: nodeTerms.optional() }).optional() })
        .nullish(),
    }),
  ],
]);

const webhooks = z
  .array(
    z.looseObject({
      name: z.string().min(1),
      failurePolicy: z.enum(["Fail", "Ignore"]).optional(),
      namespaceSelector: selector.optional(),
      objectSelector: selector.optional(),
      clientConfig: z
        .looseObject({ service: z.looseObject({ namespace: z.string(), name: z.string() }).optional() })
        .optional(),
      rules: z
        .array(
          z.looseObject({
            operations: z.array(z.string()).optional(),
            apiGroups: z.array(z.string()).optional(),
            resources: z.array(z.string()).optional(),
          }),
        )
        .optional(),
    }),
  )
  .nullish();

/** What controllers read of any status; clients may write it through the subresource. */
const status = z
  .looseObject({
    phase: z.string().nullish(),
    conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).nullish(),
    containerStatuses: z
      .array(
        z.looseObject({
          name: z.string(),
          restartCount: z.number(),
          state: z.record(z.string(), z.record(z.string(), z.unknown())),
        }),
      )
      .nullish(),
    allocatable: quantities.nullish(),
    addresses: z.array(z.looseObject({ type: z.string(), address: z.string() })).nullish(),
  })
  .nullish();

const metadata = z.looseObject({
  labels: strings.nullish(),
  annotations: strings.nullish(),
  finalizers: z.array(z.string()).nullish(),
  ownerReferences: z
    .array(
      z.looseObject({
        apiVersion: z.string().min(1),
        kind: z.string().min(1),
        name: z.string().min(1),
        uid: z.string().min(1),
      }),
    )
    .nullish(),
});

const DNS_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** @throws {ApiError} 422 for a name that is not a DNS name (RBAC and events may have others). */
export function checkName(r: Resource, name: string): void {
  if (r.group === "rbac.authorization.k8s.io" || r.plural === "events") return;
  if (name.length <= 253 && DNS_NAME.test(name)) return;
  throw invalid(r, name, [
    {
      reason: "FieldValueInvalid",
      field: "metadata.name",
      message: `Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
    },
  ]);
}

/**
 * Checks what the platform relies on; with `before`, that nothing immutable has changed.
 * @throws {ApiError} 422 with a cause per field.
 */
export function validate(r: Resource, object: KubeObject, before?: KubeObject): void {
  const causes = [
    ...problemsOf(metadata, object.metadata, "metadata"),
    ...problemsOf(SHAPES.get(r), object.spec ?? {}, "spec"),
    ...problemsOf(status, object.status, "status"),
    ...(r.group === "admissionregistration.k8s.io" ? problemsOf(webhooks, object.webhooks, "webhooks") : []),
  ];
  if (causes.length === 0) causes.push(...selectorProblems(r, object));
  if (causes.length === 0 && before) causes.push(...immutableProblems(r, object, before));
  if (causes.length > 0) throw invalid(r, object.metadata.name, causes);
}

function problemsOf(shape: z.ZodType | undefined, value: unknown, root: string): StatusCause[] {
  const result = shape?.safeParse(value);
  if (!result || result.success) return [];
  return result.error.issues.map((issue) => ({
    reason: "FieldValueInvalid",
    field: issue.path.reduce<string>(
      (path, part) => (typeof part === "number" ? `${path}[${part}]` : `${path}.${String(part)}`),
      root,
    ),
    message: issue.message.startsWith("Required") ? issue.message : `Invalid value: ${issue.message}`,
  }));
}

function selectorProblems(r: Resource, object: KubeObject): StatusCause[] {
  if (r !== DEPLOYMENTS && r !== REPLICA_SETS && r !== STATEFUL_SETS && r !== DAEMON_SETS) return [];
  const spec = object.spec as {
    selector: LabelSelector;
    template: { metadata?: { labels?: Record<string, string> } };
  };
  const labels = spec.template.metadata?.labels ?? {};
  const empty =
    Object.keys(spec.selector.matchLabels ?? {}).length === 0 &&
    (spec.selector.matchExpressions ?? []).length === 0;
  if (empty)
    return [
      {
        reason: "FieldValueInvalid",
        field: "spec.selector",
        message: "Invalid value: {}: empty selector is invalid",
      },
    ];
  if (matchesSelector(spec.selector, labels)) return [];
  return [
    {
      reason: "FieldValueInvalid",
      field: "spec.template.metadata.labels",
      message: `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
    },
  ];
}

/** Fields of a spec that may not change after creation. */
const IMMUTABLE: ReadonlyMap<Resource, readonly string[]> = new Map([
  [DEPLOYMENTS, ["selector"]],
  [REPLICA_SETS, ["selector"]],
  [DAEMON_SETS, ["selector"]],
  [STATEFUL_SETS, ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"]],
]);

const MUTABLE_IN_PODS = new Set([
  "containers",
  "initContainers",
  "tolerations",
  "activeDeadlineSeconds",
  "terminationGracePeriodSeconds",
  "schedulingGates",
]);

const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, v: unknown) =>
    typeof v === "object" && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  ) ?? "";

function immutableProblems(r: Resource, object: KubeObject, before: KubeObject): StatusCause[] {
  const now = object.spec ?? {};
  const then = before.spec ?? {};
  if (r === PODS) {
    const changed = [...new Set([...Object.keys(now), ...Object.keys(then)])].filter(
      (field) => !MUTABLE_IN_PODS.has(field) && canonical(now[field]) !== canonical(then[field]),
    );
    if (changed.length === 0) return [];
    return [
      {
        reason: "FieldValueForbidden",
        field: "spec",
        message:
          "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
      },
    ];
  }
  return (IMMUTABLE.get(r) ?? [])
    .filter((field) => canonical(now[field]) !== canonical(then[field]))
    .map((field) => ({
      reason: "FieldValueInvalid",
      field: `spec.${field}`,
      message: "Invalid value: field is immutable",
    }));
}
